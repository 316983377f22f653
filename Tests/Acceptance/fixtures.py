"""Data directories that earlier versions wrote, kept in Tests/Fixtures as NAME.tar.gz: later versions open them.

Each is packed with `records.json`, which says what is in it. To keep the format of another version:
`MARTLET_BINARY=… .venv/bin/python Tests/Acceptance/fixtures.py NAME` writes NAME-stopped and NAME-killed.
"""
import json
import sys
import tarfile
import tempfile
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import brokers
import records

FOLDER = brokers.ROOT / "Tests/Fixtures"
MANIFEST = "records.json"
START = 1_764_000_000_000
# So far ahead that the state of a producer, which ages by the time of its last record, is never forgotten.
LASTING_START = 4_070_908_800_000
PARTITIONS = 2
PER_BATCH, BATCHES = 5, 8
BASE = {"retention.ms": "-1", "segment.ms": "100000"}
TOPICS = {
    **{f"codec-{codec}": BASE for codec in records.CODECS},
    "idempotent": BASE | {"message.timestamp.after.max.ms": str(2**63 - 1)},
    "compacted": BASE | {"cleanup.policy": "compact"},
    "shortened": BASE,
    "deleted": BASE,
}


def produce(address, topic, settings, numbers, start=START):
    producer = Producer({"bootstrap.servers": address, "linger.ms": 1000, **settings})
    failures = []
    for count, number in enumerate(numbers, 1):
        for partition in range(PARTITIONS):
            value = None if topic == "compacted" and number % 7 == 6 else f"{topic} {number}"
            producer.produce(
                topic, key=f"key-{number % 11}", value=value, partition=partition, timestamp=start + 10_000 * number,
                headers=[("number", str(number).encode()), ("bytes", b"\x01\xff\x00"), ("null", None)],
                on_delivery=lambda error, _: error and failures.append(error))
        if count % PER_BATCH == 0:
            producer.flush(30)
    assert producer.flush(30) == 0 and not failures, failures


def fill(address, first):
    numbers = range(first, first + PER_BATCH * BATCHES)
    for codec in records.CODECS:
        produce(address, f"codec-{codec}", {"compression.type": codec}, numbers)
    produce(address, "idempotent", {"enable.idempotence": True}, numbers, LASTING_START)
    for topic in ["compacted", "shortened"]:
        produce(address, topic, {}, numbers)


def read(address):
    """Every record of the fixture's topics: `{topic-partition: [[offset, timestamp, key, value, headers], …]}`."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": "fixture", "enable.auto.commit": False})
    found, ends = {}, {}
    try:
        starts = []
        for topic in sorted(set(TOPICS) - {"deleted"}):
            for partition in range(PARTITIONS):
                low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
                starts.append(TopicPartition(topic, partition, low))
                found[f"{topic}-{partition}"], ends[f"{topic}-{partition}"] = [], high
        consumer.assign(starts)
        while ends:
            message = consumer.poll(30)
            assert message is not None, f"nothing more comes of {ends}"
            assert not message.error(), message.error()
            name = f"{message.topic()}-{message.partition()}"
            found[name].append(row(message))
            if message.offset() >= ends.get(name, 0) - 1:
                ends.pop(name, None)
    finally:
        consumer.close()
    return found


def row(message):
    headers = [[key, value.hex() if value is not None else None] for key, value in message.headers() or []]
    value = message.value()
    return [
        message.offset(), message.timestamp()[1], message.key().decode(), value.decode() if value is not None else None,
        headers]


def create(address):
    admin = AdminClient({"bootstrap.servers": address})
    wanted = [NewTopic(topic, PARTITIONS, 1, config=settings) for topic, settings in TOPICS.items()]
    for future in admin.create_topics(wanted).values():
        future.result(30)
    return admin


def pack(name, broker, found):
    manifest = broker.directory / MANIFEST
    manifest.write_text(json.dumps({"records": found, "topics": {t: s for t, s in TOPICS.items() if t != "deleted"}}))
    with tarfile.open(FOLDER / f"{name}.tar.gz", "w:gz") as archive:
        archive.add(broker.data, "data")
        archive.add(manifest, MANIFEST)


def make(name):
    with tempfile.TemporaryDirectory() as place, brokers.Martlet(Path(place)) as broker:
        admin = create(broker.address)
        fill(broker.address, 0)
        for future in admin.delete_records([TopicPartition("shortened", 0, 12)]).values():
            future.result(30)
        for future in admin.delete_topics(["deleted"]).values():
            future.result(30)
        found = read(broker.address)
        assert broker.stop() == 0
        pack(f"{name}-stopped", broker, found)
        broker.start()
        fill(broker.address, PER_BATCH * BATCHES)
        found = read(broker.address)
        broker.kill()
        pack(f"{name}-killed", broker, found)


if __name__ == "__main__":
    make(sys.argv[1])
