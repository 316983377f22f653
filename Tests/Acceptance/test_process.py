"""The broker as a process among others: its directory, its port, its signals, its limits."""
import re
import shutil
import socket
import struct
import subprocess
import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

import brokers
import clients
import records
from conftest import need
from raw import Raw, parse_fetch, string

SYSTEM_LIBRARIES = {"linux-vdso", "libc", "libm", "libgcc_s", "libstdc++", "ld-linux-x86-64", "ld-linux-aarch64"}


@pytest.mark.martlet
def test_binary_needs_only_the_c_and_cpp_libraries():
    listed = subprocess.run(["ldd", brokers.BINARY], capture_output=True, text=True, check=True).stdout
    needed = {re.match(r"\s*(?:\S*/)?([^/\s]+?)\.so", line)[1] for line in listed.splitlines()}
    assert needed <= SYSTEM_LIBRARIES


def test_sigterm_stops_cleanly(broker):
    client, progress = clients.Confluent(), clients.Progress()
    client.produce(broker, "kept", 0, "zstd", range(500), progress)
    assert broker.stop() == (143 if brokers.REFERENCE else 0)
    assert (broker.data / ".kafka_cleanshutdown").exists()
    broker.start()
    records.check(client.consume(broker, "kept", 0), 500, client, progress.acknowledged)


def contents(directory):
    return {path.relative_to(directory): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.martlet
def test_foreign_data_directory_is_refused(make_broker, tmp_path):
    need("KAFKA_HOME")
    kafka = brokers.Kafka(tmp_path / "kafka")
    kafka.command()
    broker = make_broker()
    shutil.copytree(kafka.data, broker.data)
    before = contents(broker.data)
    with pytest.raises(brokers.StartFailed) as failure:
        broker.start()
    assert failure.value.exit_code in (1, 2)
    assert "Apache Kafka" in failure.value.log
    assert str(broker.data) in failure.value.log
    assert contents(broker.data) == before, "nothing was touched"


def test_second_process_on_the_same_directory_is_refused(make_broker, broker):
    clients.create_topic(broker, "mine")
    second = make_broker("second")
    second.data = broker.data
    with pytest.raises((brokers.StartFailed, subprocess.CalledProcessError)) as failure:
        second.start()
    if not brokers.REFERENCE:
        assert failure.value.exit_code in (1, 2)
        assert str(broker.data) in failure.value.log
    client, progress = clients.Confluent(), clients.Progress()
    client.produce(broker, "mine", 0, "none", range(10), progress)
    records.check(client.consume(broker, "mine", 0), 10, client, progress.acknowledged)


def test_ipv6(make_broker):
    if not has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    broker = make_broker(host="[::1]").start()
    for client in (clients.Confluent(), clients.KafkaPython(), clients.Kcat()):
        progress = clients.Progress()
        client.produce(broker, f"six-{client.name}", 0, "snappy", range(100), progress)
        records.check(client.consume(broker, f"six-{client.name}", 0), 100, client, progress.acknowledged)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as each:
            each.bind(("::1", 0))
        return True
    except OSError:
        return False


def test_ten_thousand_topics_are_listed(broker):
    count, at_once = (300, 100) if brokers.REFERENCE else (10_000, 1_000)
    names = [f"topic-{number:05d}" for number in range(count)]
    admin = AdminClient({"bootstrap.servers": broker.address, "socket.timeout.ms": 120_000})
    for start in range(0, count, at_once):
        topics = [NewTopic(name, 1, 1) for name in names[start:start + at_once]]
        for created in admin.create_topics(topics, request_timeout=120, operation_timeout=120).values():
            created.result(120)
    assert set(names) <= set(admin.list_topics(timeout=60).topics)
    broker.restart_after_kill()
    # Apache Kafka says that it has started before it has loaded all of its metadata.
    admin = AdminClient({"bootstrap.servers": broker.address})
    while brokers.REFERENCE and not set(names) <= set(admin.list_topics(timeout=60).topics):
        pass
    assert set(names) <= set(admin.list_topics(timeout=60).topics)
    client, progress = clients.Confluent(), clients.Progress()
    client.produce(broker, names[-1], 0, "none", range(10), progress)
    records.check(client.consume(broker, names[-1], 0), 10, client, progress.acknowledged)


@pytest.mark.martlet
def test_file_descriptor_exhaustion_is_survived(make_broker):
    broker = make_broker(prefix=["prlimit", "--nofile=200:200"]).start()
    client, progress = clients.Confluent(), clients.Progress()
    clients.create_topic(broker, "scarce")
    established = Raw(broker)
    assert established.api_versions()[0] == 0
    crowd = [Raw(broker) for _ in range(400)]
    assert established.api_versions()[0] == 0, "who is in is served"
    for each in crowd:
        each.send(Raw.API_VERSIONS, 0, b"")
    answered = crowd[0].receive()
    assert answered[0] == 1
    assert established.api_versions()[0] == 0
    for each in crowd:
        each.close()
    assert connect_when_there_is_room(broker).api_versions()[0] == 0, "accepting resumes"
    client.produce(broker, "scarce", 0, "lz4", range(100), progress)
    records.check(client.consume(broker, "scarce", 0), 100, client, progress.acknowledged)
    assert broker.stop() == 0


def connect_when_there_is_room(broker):
    """A connection that is served: the broker may not have seen yet that others ended."""
    while True:
        try:
            connection = Raw(broker)
            connection.api_versions()
            return connection
        except ConnectionError:
            pass


@pytest.mark.martlet
def test_connections_leave_descriptors_to_the_logs(make_broker):
    """With more connections than may be open the logs still can be: 40 are opened, and one round syncs many."""
    broker = make_broker(prefix=["prlimit", "--nofile=256:256"]).start()
    assert broker.log_text().count("fewer connections than max.connections") == 1
    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.create_topics([NewTopic("crowded", 40, 1)])["crowded"].result(30)
    producer = Producer({"bootstrap.servers": broker.address, "linger.ms": 50})
    # Connected before the crowd comes.
    assert producer.list_topics("crowded", timeout=30).topics["crowded"].partitions.keys() == set(range(40))
    crowd = [Raw(broker) for _ in range(400)]
    failures = []
    for _ in range(5):
        for partition in range(40):
            producer.produce(
                "crowded", b"x", partition=partition,
                on_delivery=lambda error, _: failures.append(error) if error else None)
        assert producer.flush(60) == 0
    assert failures == []
    assert "ERROR" not in broker.log_text()
    for each in crowd:
        each.close()
    connect_when_there_is_room(broker).close()
    assert broker.stop() == 0


@pytest.mark.martlet
def test_topics_that_cannot_be_made_on_demand_are_one_warning(broker):
    names = [f"many-{number}" for number in range(15_000)]
    connection = Raw(broker)
    connection.send(
        Raw.METADATA, 4, struct.pack(">i", len(names)) + b"".join(map(string, names)) + struct.pack(">b", 1))
    connection.receive()
    warning = wait_for_line(broker, "topics not created on demand")
    assert "15000" in warning and "many-0" in warning
    assert broker.log_text().count("not created on demand") == 1


def wait_for_line(broker, text):
    """The first line of the broker's log that has the text."""
    for _ in range(600):
        for line in broker.log_text().splitlines():
            if text in line:
                return line
        time.sleep(0.1)
    raise AssertionError(f"no line says {text!r}")


def test_slow_reader_costs_bounded_memory(broker):
    """200 answers of 1 MiB are asked for at once and not read: they wait on the disk, not in memory."""
    client, progress = clients.Confluent(), clients.Progress()
    clients.create_topic(broker, "slow")
    client.produce(broker, "slow", 0, "none", range(20_000), progress)
    whole = Raw(broker).fetch("slow", 0, 0)
    assert whole[0] == 0 and len(whole[1]) > 500_000
    before = broker.resident_bytes()
    slow = Raw(broker)
    asked = [slow.send_fetch("slow", 0, 0) for _ in range(200)]
    for _ in range(20):
        assert Raw(broker).fetch("slow", 0, 0) == whole, "others are served"
    grown = broker.resident_bytes() - before
    print(f"memory grew by {grown >> 10} KiB for 200 MiB of unread answers")
    assert grown < 64 << 20
    for correlation in asked:
        answered, answer = slow.receive()
        assert answered == correlation
        assert parse_fetch(answer) == whole
