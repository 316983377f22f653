"""A compacted topic keeps the newest value of each key, at the offset it had, through restarts and kill -9."""
import re
import time

import pytest

import brokers
import clients
import records
from conftest import need
from test_dumplog import BAD, files, run
from tools import Tools

COUNT = 30_000
KEYS = 997
# Segments of 1 MiB, the least that Kafka takes, and a cleaner that looks for work all the time.
SETTINGS = {"log.cleaner.backoff.ms": "100", "log.initial.task.delay.ms": "100"}
# Records are a millisecond apart, so that packed ones, of which many fit into a segment, have several of them too.
TOPIC = {
    "cleanup.policy": "compact", "segment.bytes": "1048576", "segment.ms": "5000", "min.cleanable.dirty.ratio": "0.01"}


def newest(found):
    """The number of the newest record of each key. Offsets must rise and belong to their records."""
    assert [record.offset for record in found] == sorted({record.offset for record in found})
    return {record.key: records.number(record) for record in found}


def wait_until_compacted(broker, codec, most):
    """Reads the topic until it has few records; every reading has the newest value of each key."""
    deadline = time.monotonic() + 120
    while True:
        found = clients.Confluent().consume(broker, "compacted", 0)
        table = newest(found)
        assert table == {records.key(number): number for number in range(COUNT - KEYS, COUNT)}
        for record in found:
            number = records.number(record)
            assert record.offset == number and record.key == records.key(number)
            assert record.value == records.value(number)
        if len(found) <= most:
            return found
        assert time.monotonic() < deadline, f"{len(found)} records are left"
        time.sleep(0.2)


@pytest.mark.parametrize("codec", ["none", "zstd"])
def test_the_newest_value_of_each_key_stays(make_broker, codec):
    broker = make_broker(settings=SETTINGS).start()
    clients.create_topic(broker, "compacted", 1, **TOPIC)
    progress = clients.Progress()
    clients.Confluent().produce(broker, "compacted", 0, codec, range(COUNT), progress)
    assert progress.delivered == COUNT
    partition = broker.data / "compacted-0"
    sealed = len(files(partition, "log")) - 1
    assert sealed >= 1
    # What is in the active segment stays as it is; so much is certainly not in it.
    found = wait_until_compacted(broker, codec, COUNT - (5_000 if sealed > 1 else 500))

    broker.restart_after_kill()
    again = clients.Confluent().consume(broker, "compacted", 0)
    assert newest(again) == newest(found)
    assert broker.stop() == 0 or brokers.REFERENCE
    assert re.search(r"^compacted 0 [1-9]\d*\s*$", (broker.data / "cleaner-offset-checkpoint").read_text(), re.MULTILINE)
    broker.start()
    assert newest(clients.KafkaPython().consume(broker, "compacted", 0)) == newest(found)
    assert not list(partition.glob("*.cleaned")) and not list(partition.glob("*.swap"))

    if brokers.KAFKA_HOME:
        tools = Tools(need("KAFKA_HOME"), broker)
        # "N is followed by M" it says of every gap, of which a compacted log has many.
        output = run(tools, files(partition, "log"), "--deep-iteration", "--print-data-log")
        assert not re.search(r"exception|mismatch|isvalid: false|invalid bytes", output, re.IGNORECASE), output[-2000:]
        offsets = [int(offset) for offset in re.findall(r"^\| offset: (\d+)", output, re.MULTILINE)]
        kept = clients.Confluent().consume(broker, "compacted", 0)
        assert offsets == [record.offset for record in kept]
        for ending in ("index", "timeindex"):
            output = run(tools, files(partition, ending)[:-1] or files(partition, ending), "--index-sanity-check")
            assert not BAD.search(output), output[-2000:]


def test_a_deleted_and_created_topic_starts_anew(make_broker):
    """A compaction that is under way when its topic is deleted touches nothing of the next one of that name."""
    broker = make_broker(settings={**SETTINGS, "log.cleaner.io.max.bytes.per.second": "2000000"}).start()
    for round in range(3):
        clients.create_topic(broker, "compacted", 1, **TOPIC)
        clients.Confluent().produce(broker, "compacted", 0, "none", range(round, 12_000), clients.Progress())
        time.sleep(0.5)
        admin = clients.AdminClient({"bootstrap.servers": broker.address})
        admin.delete_topics(["compacted"])["compacted"].result(30)
        deadline = time.monotonic() + 30
        while "compacted" in admin.list_topics(timeout=10).topics:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    clients.create_topic(broker, "compacted", 1, **TOPIC)
    clients.Confluent().produce(broker, "compacted", 0, "none", range(100), clients.Progress())
    broker.restart_after_kill()
    found = clients.Confluent().consume(broker, "compacted", 0)
    assert [records.number(record) for record in found] == list(range(100))
