"""Apache Kafka's tools for groups against the broker, judged by what they print."""
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

import clients
import groups
import records

PROTOCOLS = ["classic", "consumer"]
COUNT = 100


@pytest.fixture
def broker(make_broker):
    return make_broker(settings=groups.SETTINGS).start()


def fill(broker, topic, partitions=1, count=COUNT):
    """The topic with so many records in each of its partitions, a millisecond apart."""
    clients.create_topic(broker, topic, partitions)
    for partition in range(partitions):
        clients.Confluent().produce(broker, topic, partition, "none", range(count), clients.Progress())


def table(output, first="GROUP"):
    """The rows below each heading of what kafka-consumer-groups prints, as dictionaries of the columns."""
    rows, names, starts = [], None, []
    for line in output.splitlines():
        if line.startswith(first + " "):
            headings = list(re.finditer(r"\S+( \(ID\))?", line))
            names, starts = [each[0] for each in headings], [each.start() for each in headings]
        elif names and len(cells := line.split()) >= len(names):
            rows.append(dict(zip(names, cells if len(cells) == len(names) else cut(line, starts))))
    return rows


def cut(line, starts):
    return [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None])]


def at_once(*calls):
    """The tools take seconds to begin: what does not depend on another runs at its side."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda call: call(), calls))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_console_consumer_goes_on_where_its_group_was(kafka_tools, broker, protocol):
    fill(broker, "lines")

    def read(count):
        output = kafka_tools.ask(
            "kafka-console-consumer", "--topic", "lines", "--group", "readers", "--from-beginning", "--max-messages", count,
            "--timeout-ms", 30_000, "--consumer-property", f"group.protocol={protocol}")
        return [int(number) for number in re.findall(r"^(\d{8}) ", output, re.MULTILINE)]

    assert read(60) == list(range(60))
    assert groups.committed(broker, "readers", [("lines", 0)]) == {("lines", 0): 60}
    assert read(40) == list(range(60, 100))
    assert groups.described(broker, "readers").type.name == protocol.upper()


def test_consumer_groups_lists_and_describes(kafka_tools, broker):
    fill(broker, "work", 4)
    members = {"old": groups.ClassicMember, "new": groups.ConsumerProtocolMember}
    running = [groups.Group(broker, name, "work", 4, kind) for name, kind in members.items()]
    for group in running:
        group.grow(2)
        group.settle()
        group.journal.wait_until(lambda group=group: sum(group.journal.acknowledged.values()) == 4 * COUNT, "all read")
    groups.commit(broker, "alone", {("work", 0): 30})

    listed, all_groups, offsets, verbose, assigned, state, refused, kept = at_once(
        lambda: kafka_tools.ask("kafka-consumer-groups", "--list", "--state", "--type"),
        lambda: kafka_tools.ask("kafka-groups", "--list"),
        lambda: kafka_tools.ask("kafka-consumer-groups", "--describe", "--all-groups"),
        lambda: kafka_tools.ask("kafka-consumer-groups", "--describe", "--all-groups", "--offsets", "--verbose"),
        lambda: kafka_tools.ask("kafka-consumer-groups", "--describe", "--all-groups", "--members", "--verbose"),
        lambda: kafka_tools.ask("kafka-consumer-groups", "--describe", "--all-groups", "--state", "--verbose"),
        lambda: kafka_tools.ask("kafka-consumer-groups", "--delete", "--group", "old", "--group", "new"),
        lambda: kafka_tools.ask("kafka-consumer-groups", "--delete-offsets", "--group", "old", "--topic", "work:0"))

    assert sorted((row["GROUP"], row["TYPE"], row["STATE"]) for row in table(listed)) == [
        ("alone", "Classic", "Empty"), ("new", "Consumer", "Stable"), ("old", "Classic", "Stable")]
    assert sorted(line.split() for line in all_groups.splitlines()[1:] if line.strip()) == [
        ["alone", "Classic"], ["new", "Consumer", "consumer"], ["old", "Classic", "consumer"]]

    # Who consumes which partition is in the journals of the members themselves.
    owners = {
        (group.name, str(partition)): owner.member
        for group in running for (_, partition), owner in group.journal.owners.items()}
    rows = table(offsets)
    found = {(row["GROUP"], row["PARTITION"]): row["CLIENT-ID"] for row in rows if row["GROUP"] != "alone"}
    assert found == owners
    assert {(row["CURRENT-OFFSET"], row["LOG-END-OFFSET"], row["LAG"], row["HOST"]) for row in rows} == {
        ("100", "100", "0", "/127.0.0.1"), ("30", "100", "70", "-")}
    assert "Consumer group 'alone' has no active members." in offsets
    assert all(row["CONSUMER-ID"].startswith(row["CLIENT-ID"] + "-") for row in rows if row["GROUP"] == "old")
    assert {row["GROUP"]: row["LEADER-EPOCH"] for row in table(verbose)} == {"alone": "0", "new": "-", "old": "-"}

    rows = table(assigned)
    assert sorted((row["GROUP"], row["CLIENT-ID"], row["#PARTITIONS"]) for row in rows) == [
        (name, f"member-{number}", "2") for name in ("new", "old") for number in (0, 1)]
    for row in rows:
        partitions = {partition for (group, partition), member in owners.items()
                      if (group, member) == (row["GROUP"], row["CLIENT-ID"])}
        assert set(re.findall(r"\d", row["CURRENT-ASSIGNMENT"])) == partitions, row
        if row["GROUP"] == "new":
            assert row["TARGET-ASSIGNMENT"] == row["CURRENT-ASSIGNMENT"]
            assert row["TARGET-EPOCH"] == row["CURRENT-EPOCH"]

    states = {row["GROUP"]: row for row in table(state)}
    assert {name: (row["STATE"], row["#MEMBERS"]) for name, row in states.items()} == {
        "alone": ("Empty", "0"), "new": ("Stable", "2"), "old": ("Stable", "2")}
    assert states["old"]["ASSIGNMENT-STRATEGY"] == "range" and states["new"]["ASSIGNMENT-STRATEGY"] == "uniform"
    assert states["new"]["GROUP-EPOCH"] == states["new"]["TARGET-ASSIGNMENT-EPOCH"]
    assert states["old"]["COORDINATOR (ID)"].split() == [broker.address, "(1)"]

    assert refused.count("GroupNotEmptyException") == 2, refused
    assert "GroupSubscribedToTopicException" in kept, kept
    for group in running:
        group.shrink(2)
        assert not group.journal.faults


def when(number):
    """The time of a record of `fill`, as kafka-consumer-groups takes it."""
    return datetime.fromtimestamp(records.timestamp(number) / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def test_reset_offsets_in_every_mode(kafka_tools, broker, tmp_path):
    fill(broker, "log")
    groups.commit(broker, "begun", {("log", 0): 30})
    exported = kafka_tools.ask(
        "kafka-consumer-groups", "--reset-offsets", "--group", "begun", "--topic", "log", "--to-current", "--export",
        "--dry-run")
    assert "log,0,30" in exported.splitlines()
    plan = tmp_path / "plan.csv"
    plan.write_text("log,0,77\n")
    since = datetime.now(timezone.utc) - datetime.fromtimestamp(records.timestamp(20) / 1000, timezone.utc)
    later = since + timedelta(hours=24)
    modes = {
        "earliest": (["--to-earliest"], 0),
        "latest": (["--to-latest"], 100),
        "current": (["--to-current"], 30),
        "datetime": (["--to-datetime", when(55)], 55),
        "offset": (["--to-offset", 60], 60),
        "offset-too-far": (["--to-offset", 1000], 100),
        "shift-forward": (["--shift-by", 25], 55),
        "shift-back": (["--shift-by", -50], 0),
        "duration": (["--by-duration", f"PT{later.total_seconds():.0f}S"], 0),
        "from-file": (["--from-file", plan], 77),
    }

    def reset(name):
        mode, expected = modes[name]
        groups.commit(broker, name, {("log", 0): 30})
        topic = [] if name == "from-file" else ["--topic", "log"]
        output = kafka_tools.ask("kafka-consumer-groups", "--reset-offsets", "--group", name, *topic, *mode, "--execute")
        printed = [(row["GROUP"], row["TOPIC"], row["PARTITION"], row["NEW-OFFSET"]) for row in table(output)]
        assert printed == [(name, "log", "0", str(expected))], output
        assert groups.committed(broker, name, [("log", 0)]) == {("log", 0): expected}

    at_once(*[lambda name=name: reset(name) for name in modes])


def test_a_reset_is_refused_and_a_dry_run_changes_nothing(kafka_tools, broker):
    fill(broker, "log")
    groups.commit(broker, "idle", {("log", 0): 30})
    group = groups.Group(broker, "busy", "log", 1, groups.ClassicMember)
    group.grow(1)
    group.journal.wait_until(lambda: group.journal.acknowledged[("log", 0)] == COUNT, "all committed")
    dry, busy = at_once(*[
        lambda name=name, run=run: kafka_tools.ask(
            "kafka-consumer-groups", "--reset-offsets", "--group", name, "--topic", "log", "--to-earliest", run)
        for name, run in [("idle", "--dry-run"), ("busy", "--execute")]])
    assert [row["NEW-OFFSET"] for row in table(dry)] == ["0"]
    assert "Assignments can only be reset if the group 'busy' is inactive, but the current state is Stable." in busy
    assert groups.committed(broker, "idle", [("log", 0)]) == {("log", 0): 30}
    assert groups.committed(broker, "busy", [("log", 0)]) == {("log", 0): COUNT}
    group.shrink(1)


def test_groups_and_offsets_are_deleted(kafka_tools, broker):
    fill(broker, "kept")
    fill(broker, "dropped")
    for name in ["one", "two", "three"]:
        groups.commit(broker, name, {("kept", 0): 10, ("dropped", 0): 20})
    offsets, deleted, absent = at_once(
        lambda: kafka_tools.ask("kafka-consumer-groups", "--delete-offsets", "--group", "one", "--topic", "dropped"),
        lambda: kafka_tools.ask("kafka-consumer-groups", "--delete", "--group", "two", "--group", "three"),
        lambda: kafka_tools.ask("kafka-consumer-groups", "--delete", "--group", "nobody"))
    assert [row["STATUS"] for row in table(offsets, "TOPIC")] == ["Successful"], offsets
    assert re.search(r"Deletion of requested consumer groups \('(two', 'three|three', 'two)'\) was successful\.", deleted)
    assert "GroupIdNotFoundException" in absent
    both = [("kept", 0), ("dropped", 0)]
    assert groups.committed(broker, "one", both) == {("kept", 0): 10}
    broker.restart_after_kill()
    assert groups.committed(broker, "one", both) == {("kept", 0): 10}
    assert groups.committed(broker, "two", both) == groups.committed(broker, "three", both) == {}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_verifiable_consumer(kafka_tools, broker, protocol):
    fill(broker, "verified", 2)
    output = kafka_tools.ask(
        "kafka-verifiable-consumer", "--topic", "verified", "--group-id", "verifiers", "--max-messages", 2 * COUNT,
        "--reset-policy", "earliest", "--group-protocol", protocol)
    events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    names = [event["name"] for event in events]
    assert names[0] == "startup_complete" and "shutdown_complete" in names
    assigned = [event["partitions"] for event in events if event["name"] == "partitions_assigned" and event["partitions"]]
    assert [{each["partition"] for each in partitions} for partitions in assigned] == [{0, 1}]
    assert sum(event["count"] for event in events if event["name"] == "records_consumed") == 2 * COUNT
    commits = [event for event in events if event["name"] == "offsets_committed"]
    assert commits and all(event["success"] for event in commits)
    both = [("verified", 0), ("verified", 1)]
    assert groups.committed(broker, "verifiers", both) == dict.fromkeys(both, COUNT)


def test_performance_tools(kafka_tools, broker):
    fill(broker, "measured", count=5000)
    clients.create_topic(broker, "there-and-back")
    consumed, latency = at_once(
        lambda: kafka_tools.ask(
            "kafka-consumer-perf-test", "--topic", "measured", "--num-records", 5000, "--group", "perf", "--timeout", 30_000),
        lambda: kafka_tools.ask(
            "kafka-e2e-latency", "--topic", "there-and-back", "--num-records", 200, "--producer-acks", "all",
            "--record-size", 100))
    values = dict(zip(*[line.split(", ") for line in consumed.splitlines() if ", " in line]))
    assert values["data.consumed.in.nMsg"] == "5000", consumed
    assert re.search(r"^Avg latency: [\d.]+ ms$", latency, re.MULTILINE), latency
    assert re.search(r"^Percentiles: 50th = \d+, 99th = \d+, 99.9th = \d+$", latency, re.MULTILINE), latency


def test_the_offsets_topic_is_read_by_kafkas_formatters_and_its_files_by_dump_log(kafka_tools, broker):
    fill(broker, "read")
    group = groups.Group(broker, "formatted", "read", 1, groups.ClassicMember)
    group.grow(1)
    group.journal.wait_until(lambda: group.journal.acknowledged[("read", 0)] == COUNT, "all committed")
    group.shrink(1)
    group = groups.Group(broker, "decoded", "read", 1, groups.ConsumerProtocolMember)
    group.grow(1)
    group.journal.wait_until(lambda: group.journal.acknowledged[("read", 0)] == COUNT, "all committed")
    group.shrink(1)

    files = [path for path in broker.data.glob("__consumer_offsets-*/*.log") if path.stat().st_size]
    formatter = "org.apache.kafka.tools.consumer."
    offsets, metadata, dumped, ends = at_once(
        lambda: format_offsets(kafka_tools, formatter + "OffsetsMessageFormatter"),
        lambda: format_offsets(kafka_tools, formatter + "GroupMetadataMessageFormatter"),
        lambda: kafka_tools.run("kafka-dump-log", "--offsets-decoder", "--files", ",".join(map(str, files))),
        lambda: kafka_tools.ask("kafka-get-offsets", "--exclude-internal-topics"))
    last = {each["key"]["data"]["group"]: each["value"]["data"]["offset"] for each in offsets}
    assert last == {"formatted": COUNT, "decoded": COUNT}
    generations = [each["value"]["data"] for each in metadata if each["key"]["data"]["group"] == "formatted"]
    # Kafka also writes a group that has never had a member.
    generations = [each for each in generations if each["generation"] > 0]
    assert [len(each["members"]) for each in generations] == [1, 0]
    assert generations[0]["protocol"] == "range" and generations[0]["members"][0]["clientId"] == "member-0"

    assert not re.search(r"exception|error|isvalid: false", dumped, re.IGNORECASE), dumped[-2000:]
    keys = [json.loads(key) for key in re.findall(r"key: (\{.*?\}\})", dumped)]
    types = {name: {int(key["type"]) for key in keys if name in key["data"].values()} for name in last}
    assert types == {"formatted": {1, 2}, "decoded": {1, 3, 5, 6, 7, 8}}, "all records of both protocols"
    assert "read:0:100" in ends.split()


def format_offsets(tools, formatter):
    """What a formatter makes of the offsets topic, in the order of its records within a partition."""
    output = tools.ask(
        "kafka-console-consumer", "--topic", "__consumer_offsets", "--from-beginning", "--formatter", formatter,
        "--timeout-ms", 4000)
    decoder, at, found = json.JSONDecoder(), 0, []
    while (at := output.find('{"key"', at)) >= 0:
        value, at = decoder.raw_decode(output, at)
        if value["value"] and not value["key"]["data"]["group"].startswith("console-consumer-"):
            found.append(value)
    return found
