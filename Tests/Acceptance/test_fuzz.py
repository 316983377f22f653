"""Frames made to hurt, from several clients at once, beside others whose data has to stay right."""
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import clients
import frames
import notation
import records
from raw import Raw

FRAMES = int(os.environ.get("FUZZ_FRAMES", 100_000))
SEED = int(os.environ.get("FUZZ_SEED", random.randrange(1 << 32)))
SENDERS = 4
# So many frames a second are less than the broker answers on the slowest machine.
SLOWEST = 100
MAXIMUM_RESIDENT_BYTES = 512 << 20
ALTER_CLIENT_QUOTAS = 49
BYSTANDER = "bystander-of-the-fuzzer"
# Records a second of each bystander, of which there is one for each codec.
BYSTANDER_RATE = 150
# All that changed settings of the broker could do to a topic, its own settings keep off.
BYSTANDER_SETTINGS = {
    "retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete", "max.message.bytes": "1048588",
    "message.timestamp.type": "CreateTime", "message.timestamp.before.max.ms": str((1 << 63) - 1),
    "message.timestamp.after.max.ms": str((1 << 63) - 1), "compression.type": "producer", "min.insync.replicas": "1",
    "flush.messages": "1",
}


@pytest.mark.martlet
@pytest.mark.timeout(FRAMES / SLOWEST + 300)
def test_no_frame_hurts_a_bystander(make_broker, tmp_path):
    directories = [tmp_path / "one", tmp_path / "two"]
    broker = make_broker(settings={"log.dirs": ",".join(map(str, directories))}).start()
    pid = broker.pid
    keep_quotas_off(broker)
    stop = threading.Event()
    bystanders = [Bystander(broker, codec, stop) for codec in records.CODECS]
    memory = Memory(broker)
    counts = send_frames(broker, directories, tmp_path)
    stop.set()
    for bystander in bystanders:
        bystander.producing.finish()
    memory.finish()

    assert broker.process.poll() is None and broker.pid == pid, "the broker ended"
    last = Raw(broker)
    assert last.api_versions()[0] == 0
    last.close()
    for bystander in bystanders:
        bystander.check()
    sent = sum(bystander.progress.sent for bystander in bystanders)
    print(
        f"seed {SEED}: {counts['frames']} frames, {counts}; {sent} records beside them, "
        f"at most {memory.peak >> 20} MiB, {memory.last >> 20} MiB at the end")
    assert memory.peak < MAXIMUM_RESIDENT_BYTES
    assert "fatal" not in broker.log_text().lower()
    assert broker.stop() == 0


def send_frames(broker, directories, folder):
    """Runs the senders, each with a seed of its own; the sum of what they count."""
    script = Path(frames.__file__)
    share = -(-FRAMES // SENDERS)
    senders = [
        subprocess.Popen(
            [
                sys.executable, "-B", script, broker.host, str(broker.port), "--seed", str(SEED + number), "--frames",
                str(share), "--last", folder / f"last-{number}.hex", "--paths", *directories, "/nowhere"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for number in range(SENDERS)]
    counts = {}
    for number, sender in enumerate(senders):
        output, errors = sender.communicate(timeout=FRAMES / SLOWEST + 60)
        assert sender.returncode == 0, (
            f"FUZZ_SEED={SEED} failed in sender {number}; its last frames are in {folder}/last-{number}.hex, for "
            f"frames.py --replay:\n{output}{errors}")
        for name, count in json.loads(output).items():
            counts[name] = counts.get(name, 0) + count
    return counts


class Bystander:
    """A producer of one codec, until it is stopped; the broker must not hold against it what others pack."""

    def __init__(self, broker, codec, stop):
        self.broker, self.codec, self.stop = broker, codec, stop
        self.topic = f"{BYSTANDER}-{codec}"
        self.progress = clients.Progress()
        clients.create_topic(broker, self.topic, **BYSTANDER_SETTINGS)
        self.producing = clients.Background(self.produce)

    def produce(self):
        clients.Confluent().produce(self.broker, self.topic, 0, self.codec, self.numbers(), self.progress)

    def numbers(self):
        number = 0
        while not self.stop.wait(1 / BYSTANDER_RATE):
            yield number
            number += 1

    def check(self):
        assert not self.progress.failed, self.codec
        assert self.progress.delivered == self.progress.sent
        found = clients.Confluent().consume(self.broker, self.topic, 0)
        records.check(found, self.progress.sent, clients.Confluent(), self.progress.acknowledged)


def keep_quotas_off(broker):
    """The bystanders' own quotas, which come before those that the frames may set for everybody."""
    request, response = notation.load()[ALTER_CLIENT_QUOTAS]
    values = Given(
        entityType=["user", "client-id"], entityName=["ANONYMOUS", "rdkafka"],
        key=["producer_byte_rate", "consumer_byte_rate", "request_percentage"], value=[1e12, 1e12, 1e6],
        counts={"entries": 1, "entity": 2, "ops": 3})
    raw = Raw(broker)
    raw.send(ALTER_CLIENT_QUOTAS, 0, notation.Writer(request, 0, values).write().bytes)
    entries = notation.Reader(response, 0, raw.receive()[1]).all()["entries"]
    raw.close()
    assert [entry["errorCode"] for entry in entries] == [0]


class Given:
    """The values of a request, by the names of its fields, each list from its front."""

    last_unknown_tags = 0

    def __init__(self, counts, **values):
        self.counts = counts
        self.values = values

    def unknown_tags(self):
        return 0

    def is_null(self, message, field):
        return False

    def count(self, message, field):
        return self.counts[field.name]

    def number(self, message, field):
        return self.values[field.name].pop(0) if field.name in self.values else 0

    def content(self, message, field, version):
        return self.values[field.name].pop(0).encode()


class Memory:
    """The broker's resident memory, looked at until the end."""

    def __init__(self, broker):
        self.peak = self.last = 0
        self.stopped = threading.Event()
        self.watcher = clients.Background(self.watch, broker)

    def watch(self, broker):
        while not self.stopped.wait(0.2):
            self.last = broker.resident_bytes()
            self.peak = max(self.peak, self.last)

    def finish(self):
        self.stopped.set()
        self.watcher.finish()
