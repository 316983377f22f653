"""Kafka Connect and Kafka Streams against the broker, over restarts of the broker and of themselves."""
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

import brokers
import clients
import groups
from programs import Program

PATIENCE_SECONDS = 120


@pytest.fixture
def broker(make_broker):
    return make_broker(settings=groups.SETTINGS).start()


def wait_until(condition, what):
    """For what nobody announces."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


class Connect:
    """A standalone worker that copies the lines of a file through a topic into another file."""

    def __init__(self, tools, directory):
        self.tools, self.directory = tools, directory
        self.source, self.sink = directory / "source.txt", directory / "sink.txt"
        self.sink.touch()
        rest, = brokers.free_ports(1)
        self.files = [
            self.write("worker", {
                "bootstrap.servers": tools.broker.address, "listeners": f"http://127.0.0.1:{rest}",
                "key.converter": "org.apache.kafka.connect.storage.StringConverter",
                "value.converter": "org.apache.kafka.connect.storage.StringConverter",
                "offset.storage.file.filename": directory / "source.offsets", "offset.flush.interval.ms": 500,
                "plugin.discovery": "service_load"}),
            self.write("source", {
                "name": "source", "connector.class": "FileStreamSource", "tasks.max": 1, "file": self.source,
                "topic": "copied"}),
            self.write("sink", {
                "name": "sink", "connector.class": "FileStreamSink", "tasks.max": 1, "file": self.sink,
                "topics": "copied"})]

    def write(self, name, settings):
        path = self.directory / f"{name}.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        return path

    def start(self):
        return Program(f"{self.tools.home}/bin/connect-standalone.sh", *self.files, env=self.tools.environment())

    def append(self, lines):
        with self.source.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def wait_for(self, lines):
        def missing():
            return [line for line in lines if line not in set(self.sink.read_text().splitlines())]

        wait_until(lambda: not missing(), lambda: f"missing in the sink: {len(missing())}, {missing()[:3]}")


def test_connect_copies_a_file_over_restarts_of_the_broker_and_its_own(kafka_tools, broker, tmp_path):
    clients.create_topic(broker, "copied")
    connect = Connect(kafka_tools, tmp_path)
    lines = [f"line {number}" for number in range(3000)]
    connect.append(lines[:1000])
    with connect.start() as worker:
        connect.wait_for(lines[:1000])
        broker.kill()
        connect.append(lines[1000:2000])
        broker.start()
        connect.wait_for(lines[:2000])
        wait_until(lambda: lag(broker) == 0, lambda: f"the sink is {lag(broker)} records behind")
        worker.stop()
    connect.append(lines[2000:])
    with connect.start() as worker:
        connect.wait_for(lines)
        wait_until(lambda: lag(broker) == 0, lambda: f"the sink is {lag(broker)} records behind")
        worker.stop()
    copied = connect.sink.read_text().splitlines()
    assert list(dict.fromkeys(copied)) == lines, "each line, in the order of the file"
    assert Counter(copied[copied.index(lines[2000]):]).most_common(1)[0][1] == 1, "a clean stop leaves nothing to do twice"
    print(f"{len(copied) - len(lines)} lines were copied twice")


def lag(broker):
    """Of the sink's group, in records."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "connect-sink"})
    try:
        place = TopicPartition("copied", 0)
        return consumer.get_watermark_offsets(place, 30)[1] - max(0, consumer.committed([place], 30)[0].offset)
    finally:
        consumer.close()


@pytest.fixture(scope="module")
def word_count(tmp_path_factory):
    """The class path with the compiled application."""
    from conftest import need

    home, compiler = need("KAFKA_HOME"), shutil.which("javac")
    if not compiler:
        pytest.skip("there is no javac")
    place = tmp_path_factory.mktemp("streams")
    source = Path(__file__).parent / "streams/WordCount.java"
    done = subprocess.run(
        [compiler, "-Xlint:all,-processing,-classfile,-path", "-Werror", "-cp", f"{home}/libs/*", "-d", place, source],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


class Counts:
    """The newest count of every word in the output topic."""

    def __init__(self, broker, partitions):
        self.consumer = Consumer({
            "bootstrap.servers": broker.address, "group.id": "unused", "enable.auto.commit": False,
            "reconnect.backoff.max.ms": 500})
        self.consumer.assign([TopicPartition("counts", partition, 0) for partition in range(partitions)])
        self.newest = {}

    def wait_for(self, expected):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(self.newest.get(word, 0) < count for word, count in expected.items()):
            assert time.monotonic() < deadline, f"{self.newest} of {expected}"
            for message in self.consumer.consume(1000, 0.5):
                if not message.error():
                    self.newest[message.key().decode()] = int(message.value())


WORDS = "the quick brown martlet flies over the lazy log".split()


def send_lines(broker, numbers):
    """Lines of three words each."""
    producer = Producer({"bootstrap.servers": broker.address, "enable.idempotence": True, "reconnect.backoff.max.ms": 500})
    for number in numbers:
        producer.produce("lines", " ".join(WORDS[(number + each) % len(WORDS)] for each in range(3)), str(number))
    assert producer.flush(PATIENCE_SECONDS) == 0


def counts(numbers):
    return Counter(WORDS[(number + each) % len(WORDS)] for number in numbers for each in range(3))


def test_streams_counts_words_over_restarts_of_the_broker_and_its_own(kafka_tools, broker, word_count, tmp_path):
    clients.create_topic(broker, "lines", 2)
    clients.create_topic(broker, "counts", 2)
    found = Counts(broker, 2)

    def application():
        return Program(
            f"{kafka_tools.home}/bin/kafka-run-class.sh", "WordCount", broker.address, tmp_path / "state",
            env={**kafka_tools.environment(), "CLASSPATH": str(word_count)})

    send_lines(broker, range(2000))
    with application() as running:
        running.wait_for("state RUNNING")
        found.wait_for(counts(range(2000)))
        assert found.newest == counts(range(2000)), "exact while nothing fails"
        work = clients.Background(send_lines, broker, range(2000, 4000))
        broker.restart_after_kill()
        work.finish()
        found.wait_for(counts(range(4000)))
        running.stop()
        assert running.process.returncode == 143, running.lines[-20:]
    send_lines(broker, range(4000, 5000))
    shutil.rmtree(tmp_path / "state")
    with application() as running:
        running.wait_for("state RUNNING")
        send_lines(broker, range(5000, 6000))
        found.wait_for(counts(range(6000)))
        running.stop()
    expected = counts(range(6000))
    twice = sum(found.newest.values()) - sum(expected.values())
    print(f"{sum(expected.values())} words, {twice} of them counted twice")
    assert found.newest.keys() == expected.keys()
