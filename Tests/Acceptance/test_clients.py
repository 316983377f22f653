"""Every client with every codec: what is produced comes back as it was, and each client reads what another has written."""
import os
import time

import pytest
from kafka import KafkaConsumer, TopicPartition

import clients
import records
from raw import stored_codecs

COUNT = int(os.environ.get("CLIENT_RECORDS", 3000))


@pytest.mark.parametrize("client", clients.ALL, ids=lambda client: client.name)
def test_produce_and_consume(broker, client):
    clients.create_topic(broker, "round-trip", partitions=len(records.CODECS))
    for partition, codec in enumerate(records.CODECS):
        progress = clients.Progress()
        client.produce(broker, "round-trip", partition, codec, range(COUNT), progress)
        assert not progress.failed
        assert progress.delivered == COUNT
        assert stored_codecs(broker, "round-trip", partition) == {records.CODECS.index(codec)}
        for reader in clients.ALL:
            records.check(reader.consume(broker, "round-trip", partition), COUNT, client, progress.acknowledged)


def test_topic_is_created_by_the_first_record(broker):
    progress = clients.Progress()
    clients.Confluent().produce(broker, "made-on-demand", 0, "none", range(10), progress)
    records.check(clients.Confluent().consume(broker, "made-on-demand", 0), 10, clients.Confluent(), progress.acknowledged)


def test_offsets_by_time(broker):
    client, progress = clients.Confluent(), clients.Progress()
    client.produce(broker, "by-time", 0, "lz4", range(1000), progress)
    consumer = clients.Consumer({"bootstrap.servers": broker.address, "group.id": "unused", "enable.auto.commit": False})
    wanted = clients.TopicPartition("by-time", 0, records.timestamp(617))
    assert consumer.offsets_for_times([wanted], 30)[0].offset == 617
    assert consumer.get_watermark_offsets(wanted, 30) == (0, 1000)
    consumer.close()


def test_no_partition_starves_in_a_fetch_session(broker):
    """An answer has room for one batch: each partition has its turn, also when nothing new comes."""
    clients.create_topic(broker, "turns", partitions=4)
    for partition in range(4):
        clients.Kcat().produce(broker, "turns", partition, "none", range(20), clients.Progress())
    consumer = KafkaConsumer(bootstrap_servers=broker.address, fetch_max_bytes=200, fetch_max_wait_ms=100)
    partitions = [TopicPartition("turns", partition) for partition in range(4)]
    consumer.assign(partitions)
    for partition in partitions:
        consumer.seek(partition, 0)
    counts = dict.fromkeys(range(4), 0)
    deadline = time.monotonic() + 30
    while sum(counts.values()) < 80 and time.monotonic() < deadline:
        for partition, found in consumer.poll(200).items():
            counts[partition.partition] += len(found)
    consumer.close()
    assert counts == dict.fromkeys(range(4), 20)
