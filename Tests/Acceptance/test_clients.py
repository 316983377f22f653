"""Every client with every codec: what is produced comes back as it was, and each client reads what another has written."""
import os

import pytest

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
        sent = records.CODECS.index(client.codec_sent(codec, broker))
        assert stored_codecs(broker, "round-trip", partition) == {sent}
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
