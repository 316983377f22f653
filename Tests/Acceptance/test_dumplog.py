"""Apache Kafka's own reader of log files reads ours, while the broker runs and after a stop."""
import re

import pytest

import clients
import records

COUNT = 2_000
BAD = re.compile(r"exception|error|mismatch|corrupt|isvalid: false|not found|non-consecutive|did not", re.IGNORECASE)


@pytest.fixture
def filled(make_broker):
    """A broker whose topic has one partition for each codec, each of several segments."""
    broker = make_broker().start()
    clients.create_topic(broker, "dumped", len(records.CODECS), **{"segment.bytes": "100000", "index.interval.bytes": "4096"})
    for partition, codec in enumerate(records.CODECS):
        progress = clients.Progress()
        clients.Confluent().produce(broker, "dumped", partition, codec, range(COUNT), progress)
        assert progress.delivered == COUNT
    return broker


@pytest.mark.parametrize("state", ["running", "stopped", "killed"])
def test_dump_log(filled, kafka_tools_for, state):
    if state == "stopped":
        filled.stop()
    if state == "killed":
        filled.restart_after_kill()
        clients.Confluent().produce(filled, "dumped", 0, "none", range(1), clients.Progress())
    tools = kafka_tools_for(filled)
    partitions = [filled.data / f"dumped-{partition}" for partition in range(len(records.CODECS))]

    for number, partition in enumerate(partitions):
        output = dump(tools, partition, "log", "--deep-iteration", "--print-data-log")
        offsets = [int(offset) for offset in re.findall(r"^\| offset: (\d+)", output, re.MULTILINE)]
        assert offsets == list(range(COUNT + (state == "killed" and number == 0))), "every record is seen"
        assert f"compresscodec: {records.CODECS[number]}" in output.lower()
        payloads = re.findall(r"payload: (\d{8}) ", output)
        assert [int(payload) for payload in payloads][:COUNT] == list(range(COUNT))

    indexes = [file for partition in partitions for ending in ("index", "timeindex") for file in files(partition, ending)]
    output = run(tools, indexes, "--index-sanity-check")
    assert output.count("passed sanity check") == len(indexes)
    assert not BAD.search(output), output[-2000:]

    output = dump(tools, partitions[0], "index") + dump(tools, partitions[0], "timeindex")
    assert re.search(r"offset: \d+ position: \d+", output)
    assert re.search(r"timestamp: \d+ offset: \d+", output)

    snapshots = [file for partition in partitions for file in files(partition, "snapshot")]
    if state != "running":
        assert snapshots
    if snapshots:
        output = run(tools, snapshots)
        assert "producerId:" in output
        assert not BAD.search(output), output[-2000:]

    transactions = [file for partition in partitions for file in files(partition, "txnindex")]
    if transactions:
        assert not BAD.search(run(tools, transactions))


@pytest.fixture
def kafka_tools_for():
    from conftest import need
    from tools import Tools

    return lambda broker: Tools(need("KAFKA_HOME"), broker)


def files(partition, ending):
    return sorted(partition.glob(f"*.{ending}"))


def dump(tools, partition, ending, *options):
    output = run(tools, files(partition, ending), *options)
    assert not BAD.search(output), output[-2000:]
    return output


def run(tools, names, *options):
    return tools.run("kafka-dump-log", "--files", ",".join(map(str, names)), *options)
