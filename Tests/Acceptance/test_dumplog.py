"""Apache Kafka's own reader of log files reads ours, while the broker runs and after a stop."""
import re

import pytest

import brokers
import clients
import records

# Some 3 MiB without a codec, in segments of 1 MiB, which is the least that Kafka takes.
COUNTS = {codec: 20_000 if codec == "none" else 2_000 for codec in records.CODECS}
# "-1 is followed by N" it says of every segment but the first.
BAD = re.compile(r"exception|error|mismatch|corrupt|isvalid: false|not found|\d\d is followed by|did not", re.IGNORECASE)


@pytest.fixture
def filled(make_broker):
    """A broker whose topic has one partition for each codec."""
    broker = make_broker().start()
    clients.create_topic(broker, "dumped", len(records.CODECS), **{"segment.bytes": "1048576"})
    for partition, codec in enumerate(records.CODECS):
        progress = clients.Progress()
        clients.KafkaPython().produce(broker, "dumped", partition, codec, range(COUNTS[codec]), progress)
        assert progress.delivered == COUNTS[codec]
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

    assert len(files(partitions[0], "log")) > 2
    for number, partition in enumerate(partitions):
        count = COUNTS[records.CODECS[number]]
        output = dump(tools, partition, "log", "--deep-iteration", "--print-data-log")
        offsets = [int(offset) for offset in re.findall(r"^\| offset: (\d+)", output, re.MULTILINE)]
        assert offsets == list(range(count + (state == "killed" and number == 0))), "every record is seen"
        assert f"compresscodec: {records.CODECS[number]}" in output.lower()
        payloads = re.findall(r"payload: (\d{8}) ", output)
        assert [int(payload) for payload in payloads][:count] == list(range(count))

    # Apache Kafka's own index of an active segment has room for more entries, which the tool calls corrupt.
    if state == "stopped" or not brokers.REFERENCE:
        indexes = [file for each in partitions for ending in ("index", "timeindex") for file in files(each, ending)]
        output = run(tools, indexes, "--index-sanity-check")
        assert len(re.findall(r"passed sanity check|is empty", output)) == len(indexes), output[-2000:]
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
