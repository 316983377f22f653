"""Data directories that earlier versions wrote open, whole, with the present one."""
import json
import struct
import tarfile

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource

import fixtures
from raw import Raw, string

pytestmark = pytest.mark.martlet

NAMES = sorted(path.name.removesuffix(".tar.gz") for path in fixtures.FOLDER.glob("*.tar.gz"))
HEADER = 61


@pytest.fixture(params=NAMES)
def opened(request, make_broker):
    """A running broker on a copy of the fixture, and what the fixture should hold."""
    broker = make_broker(settings={"log.cleaner.enable": "false"})
    with tarfile.open(fixtures.FOLDER / f"{request.param}.tar.gz") as archive:
        archive.extractall(broker.directory, filter="data")
    return broker.start(), json.loads((broker.directory / fixtures.MANIFEST).read_text())


def batches(log):
    """The record batches of a segment."""
    position = 0
    while len(log) - position >= HEADER and (length := struct.unpack_from(">i", log, position + 8)[0]):
        yield log[position:position + 12 + length]
        position += 12 + length


def produce(broker, topic, partition, batch):
    """Sends one batch as it is; the error code and the base offset of the answer."""
    body = struct.pack(">hhii", -1, -1, 30_000, 1) + string(topic)
    body += struct.pack(">iii", 1, partition, len(batch)) + batch
    connection = Raw(broker)
    try:
        connection.send(Raw.PRODUCE, 3, body)
        answer = connection.receive()[1]
    finally:
        connection.close()
    return struct.unpack_from(">hq", answer, 4 + len(string(topic)) + 4 + 4)


def end_of(broker, topic):
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "end", "enable.auto.commit": False})
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)[1]
    finally:
        consumer.close()


def test_there_are_fixtures():
    assert len(NAMES) >= 2


def test_every_record_is_read(opened):
    broker, manifest = opened
    assert fixtures.read(broker.address) == manifest["records"]


def test_topics_keep_their_settings(opened):
    broker, manifest = opened
    admin = AdminClient({"bootstrap.servers": broker.address})
    assert set(admin.list_topics(timeout=30).topics) == set(manifest["topics"])
    for topic, settings in manifest["topics"].items():
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        described = admin.describe_configs([resource])[resource].result(30)
        assert {key: described[key].value for key in settings} == settings


def test_producers_are_recognised(opened):
    broker, _ = opened
    end = end_of(broker, "idempotent")
    segments = sorted((broker.data / "idempotent-0").glob("*.log"))
    last = [batch for segment in segments for batch in batches(segment.read_bytes())][-1]
    base, = struct.unpack_from(">q", last)
    assert produce(broker, "idempotent", 0, struct.pack(">q", 0) + last[8:]) == (0, base)
    assert end_of(broker, "idempotent") == end


def test_records_go_on_behind_the_old_ones(opened):
    broker, manifest = opened
    for topic in ["codec-zstd", "shortened"]:
        fixtures.produce(broker.address, topic, {}, range(1000, 1005))
    assert broker.stop() == 0
    broker.start()
    found = fixtures.read(broker.address)
    for partition, rows in manifest["records"].items():
        assert found[partition][:len(rows)] == rows
        assert len(found[partition]) == len(rows) + (5 if partition.startswith(("codec-zstd", "shortened")) else 0)
