"""Starts after somebody has damaged or lost a part of the data directory: nothing acknowledged vanishes without a word."""
import re
import shutil

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

import brokers
import clients
import records

pytestmark = pytest.mark.martlet


def fill(broker, topic, count):
    client, progress = clients.Confluent(), clients.Progress()
    clients.create_topic(broker, topic)
    client.produce(broker, topic, 0, "none", range(count), progress)


def delete_records(broker, topic, before):
    admin = AdminClient({"bootstrap.servers": broker.address})
    for future in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        future.result(30)


def numbers_in(broker, topic):
    return [records.number(record) for record in clients.Confluent().consume(broker, topic, 0)]


def offsets_of(broker, topic):
    """Where a topic's only partition starts and ends."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "offsets", "enable.auto.commit": False})
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)
    finally:
        consumer.close()


def said(broker, level, text):
    return re.search(rf"{level}\b.*{text}.*", broker.log_text())


@pytest.mark.parametrize("content, is_wrong_line", [
    (b"", False), (b"\xff\x00garbage", False), (b"0\n1\nkept 0 -5\n", False),
    (b"0\n1\nkept 0 9223372036854775807\n", False), (b"0\n1\nkept 0 5000\n", True)])
@pytest.mark.parametrize("cleanly", [True, False])
def test_damaged_log_start_checkpoint_brings_nothing_back_and_loses_nothing(broker, content, is_wrong_line, cleanly):
    fill(broker, "kept", 100)
    delete_records(broker, "kept", 40)
    if cleanly:
        assert broker.stop() == 0
    else:
        broker.kill()
    checkpoint = broker.data / "log-start-offset-checkpoint"
    assert b"kept 0 40" in checkpoint.read_bytes()
    checkpoint.write_bytes(content)
    broker.start()
    assert offsets_of(broker, "kept") == (40, 100)
    assert said(broker, "ERROR", "log start checkpoint is wrong" if is_wrong_line else str(checkpoint))


def test_foreign_and_unnamed_partition_directories_are_reported(broker):
    fill(broker, "mine", 10)
    fill(broker, "unnamed", 10)
    assert broker.stop() == 0
    foreign = broker.data / "mine-0" / "partition.metadata"
    own = foreign.read_text().split()[3]
    foreign.write_text("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAABA")
    (broker.data / "unnamed-0" / "partition.metadata").unlink()
    broker.start()
    assert numbers_in(broker, "unnamed") == list(range(10))
    assert said(broker, "WARNING", "unnamed-0")
    line = said(broker, "ERROR", "mine-0")
    assert line and "AAAAAAAAAAAAAAAAAAAABA" in line[0] and own in line[0]
    assert len(list(broker.data.glob("mine-0.*-stray"))) == 1


def test_partitions_without_their_metadata_are_not_served(broker):
    fill(broker, "kept", 10)
    broker.kill()
    shutil.move(broker.data / "metadata", broker.directory / "metadata")
    with pytest.raises(brokers.StartFailed) as failure:
        broker.start()
    assert failure.value.exit_code == 1
    assert "neither a journal nor a snapshot" in failure.value.log
    shutil.rmtree(broker.data / "metadata")
    shutil.move(broker.directory / "metadata", broker.data / "metadata")
    broker.start()
    assert numbers_in(broker, "kept") == list(range(10))


def test_lost_log_directory_is_reported_by_partition_when_given_up(make_broker):
    broker = make_broker()
    one, two = broker.directory / "one", broker.directory / "two"
    broker.data = f"{one},{two}"
    broker.start()
    for number in range(4):
        fill(broker, f"t{number}", 5)
    assert broker.stop() == 0
    lost = sorted(path.name for path in two.glob("t*-0"))
    assert lost
    shutil.rmtree(two)
    with pytest.raises(brokers.StartFailed) as failure:
        broker.start()
    assert failure.value.exit_code == 1
    assert "martlet.log.dirs.accept.lost=true" in failure.value.log
    broker.settings["martlet.log.dirs.accept.lost"] = "true"
    broker.start()
    assert sorted(re.findall(r"ERROR.*starts empty.*partition=(\S+)", broker.log_text())) == lost
