"""The commands for groups, against a live broker with groups of real clients, and beside Kafka's own tool."""
import json
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import brokers
from clients import wait_until

pytestmark = pytest.mark.martlet

PARTITIONS = 3


def martlet(broker, *arguments, text=None):
    return subprocess.run(
        [brokers.BINARY, *arguments, "--bootstrap", broker.address], input=text, text=True, capture_output=True,
        timeout=90)


def ok(broker, *arguments, **options):
    done = martlet(broker, *arguments, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def orders(broker):
    """A topic with 20 records in partition 0, 10 in partition 1 and none in partition 2."""
    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.create_topics([NewTopic("orders", PARTITIONS, 1)])["orders"].result(30)
    write(broker, 0, 20)
    write(broker, 1, 10)
    return "orders"


def write(broker, partition, count, timestamp=None):
    producer = Producer({"bootstrap.servers": broker.address})
    extra = {"timestamp": timestamp} if timestamp else {}
    for number in range(count):
        producer.produce("orders", f"{partition}-{number}", partition=partition, **extra)
    assert producer.flush(30) == 0


def commit(broker, group, offsets):
    """Offsets of a group that nobody is in."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": group, "enable.auto.commit": False})
    consumer.commit(
        offsets=[TopicPartition("orders", partition, offset) for partition, offset in offsets.items()],
        asynchronous=False)
    consumer.close()


class Member:
    """A consumer of confluent-kafka that stays in its group, on a thread of its own."""

    def __init__(self, broker, group, **settings):
        self.consumer = Consumer({
            "bootstrap.servers": broker.address, "group.id": group, "enable.auto.commit": False,
            "auto.offset.reset": "earliest", **settings})
        self.assigned = threading.Event()
        self.consumer.subscribe(["orders"], on_assign=lambda *_: self.assigned.set())
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopped.is_set():
            self.consumer.poll(0.1)

    def __enter__(self):
        assert self.assigned.wait(60), "it was assigned nothing"
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join(30)
        self.consumer.close()


def committed(broker, group):
    (report,) = rows(ok(broker, "group", "describe", group, "--json"))
    return {row["partition"]: row["committed"] for row in report["partitions"] if row["committed"] is not None}


PROTOCOLS = ["classic", "consumer"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_describe_agrees_with_kafkas_tool(broker, kafka_tools, orders, protocol):
    commit(broker, "billing", {0: 5, 1: 10})
    with Member(broker, "billing", **{"group.protocol": protocol, "client.id": "app"}):
        (report,) = rows(ok(broker, "group", "describe", "billing", "--json"))
        printed = kafka_tools.ask("kafka-consumer-groups", "--describe", "--group", "billing")
        assert rows(ok(broker, "group", "list", "--json")) == [
            {"group": "billing", "type": protocol, "state": "Stable", "protocolType": "consumer"}]
        text = ok(broker, "group", "describe")
    expected = {}
    for line in printed.splitlines():
        words = line.split()
        if len(words) >= 9 and words[0] == "billing":
            numbers = [None if word == "-" else int(word) for word in words[-6:-3]]
            expected[int(words[2])] = (*numbers, *words[-3:])
    assert set(expected) == {0, 1, 2}, printed
    told = {
        row["partition"]: (row["committed"], row["end"], row["lag"], row["member"]) for row in report["partitions"]}
    assert told == {partition: row[:4] for partition, row in expected.items()}
    (member,) = report["members"]
    assert (member["client"], f"/{member['host']}") == ("app", expected[0][4])
    assert (report["state"], report["type"], report["lag"]) == ("Stable", protocol, 15)
    assert [part["partition"] for part in member["assignment"]] == [0, 1, 2]
    assert re.search(rf"^billing  stable  {protocol}  ", text), text
    assert re.search(r"orders  0 +5 +20 +15 .*app +127\.0\.0\.1", text), text


def test_lag_is_told_in_seconds(broker, orders):
    now = int(time.time() * 1000)
    write(broker, 2, 1, timestamp=now - 600_000)
    write(broker, 2, 1, timestamp=now - 60_000)
    commit(broker, "late", {0: 20, 2: 0})
    (report,) = rows(ok(broker, "group", "describe", "late", "--json"))
    lag = {row["partition"]: (row["lag"], row["lagSeconds"]) for row in report["partitions"]}
    assert lag[0] == (0, 0)
    assert lag[2][0] == 2 and 600 <= lag[2][1] < 660
    assert report["lagSeconds"] == lag[2][1]
    commit(broker, "late", {2: 1})
    (report,) = rows(ok(broker, "group", "describe", "late", "--json"))
    assert 60 <= report["lagSeconds"] < 120


@pytest.mark.parametrize("target, expected", [
    (["--to-earliest"], {0: 0, 1: 0}), (["--to-latest"], {0: 20, 1: 10}), (["--to-current"], {0: 5, 1: 10}),
    (["--to-offset", "7"], {0: 7, 1: 7}), (["--to-offset", "15"], {0: 15, 1: 10}), (["--shift-by", "-3"], {0: 2, 1: 7}),
    (["--shift-by", "100"], {0: 20, 1: 10}), (["--by-duration", "1h"], {0: 0, 1: 0}),
    (["--by-duration", "PT0S"], {0: 20, 1: 10}), (["--to-datetime", "2020-01-01T00:00:00Z"], {0: 0, 1: 0})])
def test_offsets_are_reset_as_kafkas_tool_would(broker, orders, target, expected):
    commit(broker, "moved", {0: 5, 1: 10})
    command = ["group", "reset-offsets", "moved", "--all-topics", *target]
    tried = martlet(broker, *command, "--json")
    assert tried.returncode == 0 and "nothing was changed" in tried.stderr
    assert {row["partition"]: row["to"] for row in rows(tried.stdout)} == expected
    assert committed(broker, "moved") == {0: 5, 1: 10}
    ok(broker, *command, "--execute")
    assert committed(broker, "moved") == expected


def test_offsets_outside_of_the_log_are_brought_into_it_and_that_is_said(broker, orders):
    commit(broker, "moved", {0: 5, 1: 10})
    command = ["group", "reset-offsets", "moved", "--topic", "orders:0,1", "--to-offset", "15"]
    assert ok(broker, *command) == (
        "topic   partition  from  to\n"
        "orders  0          5     15\n"
        "orders  1          10    10  15 is past the end of the log\n")
    assert [row.get("wanted") for row in rows(ok(broker, *command, "--json"))] == [None, 15]
    exported = martlet(broker, *command, "--export", "-")
    assert exported.stdout == "orders,0,15\norders,1,10\n"
    assert exported.stderr.startswith("orders-1: 15 is past the end of the log\n")


def test_a_time_between_records_is_found(broker, orders):
    now = int(time.time() * 1000)
    for minutes in (30, 20, 10):
        write(broker, 2, 1, timestamp=now - minutes * 60_000)
    moment = datetime.fromtimestamp(now / 1000 - 15 * 60, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    ok(broker, "group", "reset-offsets", "timed", "--topic", "orders:2", "--to-datetime", moment, "--execute")
    assert committed(broker, "timed") == {2: 2}


def test_a_plan_is_kept_in_a_file_that_kafkas_tool_reads(broker, kafka_tools, orders, tmp_path):
    commit(broker, "kept", {0: 5, 1: 10})
    file = tmp_path / "kept.csv"
    ok(broker, "group", "reset-offsets", "kept", "--all-topics", "--to-current", "--export", str(file))
    assert file.read_text() == "orders,0,5\norders,1,10\n"
    ok(broker, "group", "reset-offsets", "kept", "--topic", "orders:0", "--to-latest", "--execute")
    assert committed(broker, "kept") == {0: 20, 1: 10}
    printed = kafka_tools.ask(
        "kafka-consumer-groups", "--reset-offsets", "--group", "kept", "--from-file", file, "--execute")
    assert committed(broker, "kept") == {0: 5, 1: 10}, printed
    exported = kafka_tools.ask(
        "kafka-consumer-groups", "--reset-offsets", "--group", "kept", "--topic", "orders", "--to-earliest", "--export")
    file.write_text("".join(line + "\n" for line in exported.splitlines() if line.startswith("orders,")))
    ok(broker, "group", "reset-offsets", "kept", "--from-file", str(file), "--execute")
    assert committed(broker, "kept") == {0: 0, 1: 0, 2: 0}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_has_members_is_left_alone(broker, orders, protocol):
    commit(broker, "busy", {0: 5})
    with Member(broker, "busy", **{"group.protocol": protocol, "client.id": "app"}):
        reset = martlet(broker, "group", "reset-offsets", "busy", "--topic", "orders", "--to-earliest", "--execute")
        assert reset.returncode == 1
        assert reset.stderr == (
            "error: group busy is in use: it has 1 member (stable), which would commit over what is set\n"
            "Stop them first: app on 127.0.0.1.\n")
        delete = martlet(broker, "group", "delete", "busy")
        assert delete.returncode == 1 and "it has members (NON_EMPTY_GROUP)" in delete.stderr
        forget = martlet(broker, "group", "delete-offsets", "busy", "--topic", "orders")
        assert forget.returncode == 1 and "a member reads the topic (GROUP_SUBSCRIBED_TO_TOPIC)" in forget.stderr
    assert committed(broker, "busy")[0] == 5


def test_offsets_and_groups_are_deleted(broker, orders):
    commit(broker, "gone", {0: 5, 1: 6})
    assert ok(broker, "group", "delete-offsets", "gone", "--topic", "orders:1") == "deleted the offset of gone in orders-1\n"
    assert committed(broker, "gone") == {0: 5}
    unknown = martlet(broker, "group", "delete-offsets", "gone", "--topic", "orders:1")
    assert unknown.returncode == 1 and unknown.stderr == "error: group gone has no offset in orders:1\n"
    assert ok(broker, "group", "delete", "gone") == "deleted gone\n"
    assert ok(broker, "group", "list") == ""
    for command in (["describe"], ["delete"], ["explain"]):
        done = martlet(broker, "group", *command, "gone" if command != ["explain"] else "never")
        assert done.returncode == 1 and "there is no such group (GROUP_ID_NOT_FOUND)" in done.stderr


@pytest.mark.parametrize("options, said", [
    (["--topic", "nix", "--to-earliest"], "finding topic nix: there is no such topic or partition"),
    (["--topic", "orders:7", "--to-earliest"], "topic orders has no partition 7"),
    (["--topic", "orders", "--shift-by", "1"], "there is no offset in orders-0 that could be shifted"),
    (["--all-topics", "--to-earliest"], "group new has no offsets"),
    (["--from-file", "/nowhere/at.csv"], "/nowhere/at.csv cannot be read")])
def test_what_cannot_be_reset_is_said(broker, orders, options, said):
    done = martlet(broker, "group", "reset-offsets", "new", *options)
    assert done.returncode == 1 and said in done.stderr
    assert ok(broker, "group", "list") == ""


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_explain_tells_joins_evictions_and_who_lags(broker, orders, protocol):
    if protocol == "consumer":
        broker.stop()
        broker.settings["group.consumer.session.timeout.ms"] = 6000
        broker.settings["group.consumer.min.session.timeout.ms"] = 6000
        broker.settings["group.consumer.heartbeat.interval.ms"] = 1000
        broker.settings["group.consumer.min.heartbeat.interval.ms"] = 1000
        broker.start()
    settings = {"group.protocol": protocol, "client.id": "app"}
    if protocol == "classic":
        settings["session.timeout.ms"] = 6000
    commit(broker, "told", {0: 5})
    with Member(broker, "told", **settings):
        code = "import sys\nfrom confluent_kafka import Consumer\n" \
            "c = Consumer(eval(sys.argv[1]))\nc.subscribe(['orders'])\n" \
            "while not c.assignment(): c.poll(0.1)\nprint('in', flush=True)\nwhile True: c.poll(0.1)"
        other = {"bootstrap.servers": broker.address, "group.id": "told", **settings, "client.id": "dying"}
        with subprocess.Popen([sys.executable, "-c", code, repr(other)], stdout=subprocess.PIPE, text=True) as dying:
            try:
                assert dying.stdout.readline() == "in\n"
            finally:
                dying.kill()
        deadline = time.monotonic() + 60
        while len(rows(ok(broker, "group", "describe", "told", "--json"))[0]["members"]) > 1:
            assert time.monotonic() < deadline, "nobody was thrown out"
            time.sleep(0.2)
        text = ok(broker, "group", "explain", "told")
        events = rows(ok(broker, "group", "explain", "told", "--json"))
    assert re.match(rf"told is [a-z ]+: 1 member.* \({protocol}\)\n", text), text
    assert "members were thrown out once" in text
    assert re.search(r"15 records wait in 1 partition|25 records wait", text), text
    assert "orders-0: 15, the oldest for" in text and "(app on 127.0.0.1)" in text
    assert "when the coordinator began: a restart forgets" in text
    assert [event["event"] for event in events].count("joined") == 2
    evicted = next(event for event in events if event["event"] == "evicted")
    assert (evicted["client"], evicted["host"], evicted["count"]) == ("dying", "127.0.0.1", 1)
    assert re.search(r"evicted +\S+ +dying +127\.0\.0\.1 +no heartbeat for 6000 ms", text), text
    broker.restart_after_kill()
    text = ok(broker, "group", "explain", "told")
    assert "No rebalance is remembered" in text and "evicted" not in text


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_explain_names_whom_a_rebalance_waits_for(broker, orders, protocol):
    """A member that does not poll while the other joins; it is static, as the table then shows."""
    settings = {"bootstrap.servers": broker.address, "group.id": "slow", "group.protocol": protocol}
    busy = Consumer({**settings, "client.id": "busy", "group.instance.id": "worker-7"})
    # With a callback the client gives nothing up before it polls.
    given_up = []
    busy.subscribe(["orders"], on_revoke=lambda *_: given_up.append(True))
    wait_until(lambda: busy.poll(0.1) is None and busy.assignment())
    joining = Consumer({**settings, "client.id": "eager"})
    joining.subscribe(["orders"])

    def awaited():
        joining.poll(0.1)
        told = rows(ok(broker, "group", "explain", "slow", "--json"))
        return [
            row for row in told if row["event"] == "awaited" and row["task"].startswith(("to join again", "to give up"))]

    wait_until(awaited)
    (waits,) = awaited()
    assert waits["instance"] == "worker-7"
    assert (waits["client"], waits["host"]) == ("busy", "127.0.0.1")
    assert waits["since"] <= waits["sessionEnd"] and waits["lastHeard"] <= waits["sessionEnd"]
    text = ok(broker, "group", "explain", "slow")
    assert re.search(r"It waits for [12] members?.*:\n +member +client +host +instance +waits for it", text), text
    assert re.search(r"\S+ +busy +127\.0\.0\.1 +worker-7 +to (join again|give up)", text), text
    described = ok(broker, "group", "describe", "slow")
    assert re.search(r"member +instance +client +host\n", described) and "worker-7" in described

    def settled():
        for consumer in (busy, joining):
            consumer.poll(0.1)
        return given_up and busy.assignment() and joining.assignment()

    # A close that meets a callback in the middle of a rebalance may never end in this client.
    wait_until(settled)
    busy.close()
    joining.close()


def test_refused_joins_are_remembered_and_counted(broker, orders):
    broker.stop()
    broker.settings["group.max.size"] = 1
    broker.start()
    with Member(broker, "full", **{"client.id": "app"}):
        late = Consumer({"bootstrap.servers": broker.address, "group.id": "full", "client.id": "late"})
        late.subscribe(["orders"])

        def refused():
            late.poll(0.1)
            return [row for row in rows(ok(broker, "group", "explain", "full", "--json")) if row["event"] == "refused"]

        wait_until(lambda: refused() and refused()[0]["count"] > 1)
        (event,) = refused()
        assert (event["client"], event["host"]) == ("late", "127.0.0.1")
        assert event["reason"] == "it has as many members as group.max.size allows, 1 (GROUP_MAX_SIZE_REACHED)"
        assert event["firstTime"] < event["time"]
        assert re.search(r"Requests of members were refused \d+ times\.", ok(broker, "group", "explain", "full"))
        late.close()


def test_settings_of_a_group_agree_with_kafkas_tool(broker, kafka_tools):
    group = ("--entity-type", "groups", "--entity-name", "slow")
    ok(broker, "config", "set", "--group", "slow", "consumer.session.timeout.ms=50000")
    printed = kafka_tools.ask("kafka-configs", *group, "--describe")
    assert "consumer.session.timeout.ms=50000 sensitive=false synonyms={DYNAMIC_GROUP_CONFIG" in printed, printed
    kafka_tools.ask("kafka-configs", *group, "--alter", "--add-config", "consumer.heartbeat.interval.ms=6000")
    kafka_tools.ask("kafka-configs", *group, "--alter", "--delete-config", "consumer.session.timeout.ms")
    (setting,) = rows(ok(broker, "config", "get", "--group", "slow", "--json"))
    assert (setting["name"], setting["value"], setting["source"]) == (
        "consumer.heartbeat.interval.ms", "6000", "DYNAMIC_GROUP_CONFIG")
    all_of_them = {row["name"]: row["value"] for row in rows(ok(broker, "config", "get", "--group", "slow", "--all", "--json"))}
    everything = kafka_tools.ask("kafka-configs", *group, "--describe", "--all")
    for name, value in all_of_them.items():
        assert f"{name}={value} " in everything, everything
    ok(broker, "config", "unset", "--group", "slow", "consumer.heartbeat.interval.ms")
    assert "consumer.heartbeat.interval.ms" not in kafka_tools.ask("kafka-configs", *group, "--describe")


class Process:
    """martlet consume --group as a process of its own."""

    def __init__(self, broker, *options):
        self.process = subprocess.Popen(
            [brokers.BINARY, "consume", "orders", "--group", "shared", "--bootstrap", broker.address, "--from",
             "beginning", "--format", "{partition} {offset}", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.said = [], []
        self.readers = [
            threading.Thread(target=self.read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.said))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    @property
    def partitions(self):
        if not self.said:
            return set()
        return set(re.findall(r"orders-(\d)", self.said[-1]))

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        for reader in self.readers:
            reader.join(30)
        return code


def test_processes_share_the_partitions_and_commit_what_they_wrote(broker, orders):
    first = Process(broker)
    wait_until(lambda: len(first.lines) == 30)
    second = Process(broker)
    wait_until(lambda: first.partitions and second.partitions and not first.partitions & second.partitions)
    assert first.partitions | second.partitions == {"0", "1", "2"}
    for partition in range(PARTITIONS):
        write(broker, partition, 50)
    wait_until(lambda: len(first.lines) + len(second.lines) == 180)
    assert first.stop() == 130
    wait_until(lambda: second.partitions == {"0", "1", "2"})
    for partition in range(PARTITIONS):
        write(broker, partition, 10)
    wait_until(lambda: len(first.lines) + len(second.lines) == 210)
    assert second.stop() == 130
    seen = first.lines + second.lines
    assert len(set(seen)) == len(seen) == 210
    assert committed(broker, "shared") == {0: 80, 1: 70, 2: 60}
    (report,) = rows(ok(broker, "group", "describe", "shared", "--json"))
    assert report["members"] == [] and report["state"] == "Empty"


def test_a_member_shares_with_other_clients(broker, orders):
    with Member(broker, "shared", **{"partition.assignment.strategy": "range"}):
        process = Process(broker)
        wait_until(lambda: process.partitions and len(process.partitions) < 3)
        assert process.stop() == 130


def test_a_member_survives_the_broker(broker, orders):
    process = Process(broker)
    wait_until(lambda: len(process.lines) == 30)
    broker.restart_after_kill()
    write(broker, 2, 7)
    wait_until(lambda: [line for line in process.lines if line.startswith("2 ")] == [f"2 {n}" for n in range(7)])
    assert process.stop() == 130
    assert committed(broker, "shared") == {0: 20, 1: 10, 2: 7}
    outage = [line.split(" (")[0] for line in process.said if line.startswith("connect")]
    assert outage == ["connection lost, trying again", "connected again"]


def test_a_member_ends_at_the_end_and_goes_on_there(broker, orders):
    command = ["consume", "orders", "--group", "steps", "--from", "beginning", "--until-end"]
    assert len(ok(broker, *command).splitlines()) == 30
    assert ok(broker, *command) == ""
    write(broker, 1, 3)
    assert ok(broker, *command, "--count", "2").splitlines() == ["1-0", "1-1"]
    assert ok(broker, *command).splitlines() == ["1-2"]


def test_an_output_that_fails_commits_nothing(broker, orders):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [brokers.BINARY, "consume", "orders", "--group", "lost", "--from", "beginning", "--until-end", "--bootstrap",
             broker.address], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and "No space left on device" in done.stderr
    assert len(ok(broker, "consume", "orders", "--group", "lost", "--from", "beginning", "--until-end").splitlines()) == 30


def test_help_and_completion_know_the_commands(broker):
    assert "reset-offsets" in subprocess.run([brokers.BINARY, "group", "--help"], capture_output=True, text=True).stdout
    assert "reset-offsets" in subprocess.run([brokers.BINARY, "completion", "bash"], capture_output=True, text=True).stdout
    assert "reset\\-offsets" in subprocess.run([brokers.BINARY, "manual"], capture_output=True, text=True).stdout
