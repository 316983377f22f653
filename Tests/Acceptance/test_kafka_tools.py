"""Apache Kafka's command-line tools against the broker, as far as they need no groups and no configuration APIs."""
import json

import clients
import records


def test_topics(kafka_tools):
    created = kafka_tools.ask("kafka-topics", "--create", "--topic", "tools", "--partitions", "3", "--config", "retention.ms=-1")
    assert "Created topic tools." in created
    again = kafka_tools.ask("kafka-topics", "--create", "--topic", "tools", "--partitions", "3")
    assert "TopicExistsException" in again
    assert "tools" in kafka_tools.ask("kafka-topics", "--list").split()
    kafka_tools.ask("kafka-topics", "--delete", "--topic", "tools")
    assert "tools" not in kafka_tools.ask("kafka-topics", "--list").split()


def test_console_producer_and_consumer(kafka_tools):
    lines = "".join(f"k{n}:value {n}\n" for n in range(100))
    for codec in records.CODECS:
        output = kafka_tools.ask(
            "kafka-console-producer", "--topic", "console", "--compression-codec", codec,
            "--reader-property", "parse.key=true", "--reader-property", "key.separator=:", text=lines)
        assert "ERROR" not in output and "Exception" not in output, output
    read = kafka_tools.ask(
        "kafka-console-consumer", "--topic", "console", "--partition", "0", "--offset", "earliest", "--max-messages", "500",
        "--formatter-property", "print.key=true", "--formatter-property", "key.separator=:", "--timeout-ms", "30000")
    assert [line for line in read.splitlines() if line.startswith("k")] == lines.splitlines() * len(records.CODECS)


def test_offsets_and_delete_records(kafka_tools, broker, tmp_path):
    clients.Confluent().produce(broker, "measured", 0, "gzip", range(1000), clients.Progress())
    assert "measured:0:1000" in kafka_tools.ask("kafka-get-offsets", "--topic", "measured", "--time", "-1")
    assert "measured:0:0" in kafka_tools.ask("kafka-get-offsets", "--topic", "measured", "--time", "-2")
    assert "measured:0:999" in kafka_tools.ask("kafka-get-offsets", "--topic", "measured", "--time", "-3")
    by_time = kafka_tools.ask("kafka-get-offsets", "--topic", "measured", "--time", records.timestamp(321))
    assert "measured:0:321" in by_time
    wanted = tmp_path / "offsets.json"
    wanted.write_text(json.dumps({"version": 1, "partitions": [{"topic": "measured", "partition": 0, "offset": 400}]}))
    assert "low_watermark: 400" in kafka_tools.ask("kafka-delete-records", "--offset-json-file", wanted)
    assert "measured:0:400" in kafka_tools.ask("kafka-get-offsets", "--topic", "measured", "--time", "-2")


def test_api_versions_and_cluster(kafka_tools):
    listed = kafka_tools.ask("kafka-broker-api-versions")
    assert "Produce(0): 0 to 13 [usable: 13]" in listed
    assert "Fetch(1): 4 to 18 [usable: 18]" in listed
    assert "Cluster ID: " in kafka_tools.run(
        "kafka-cluster", "cluster-id", "--bootstrap-server", kafka_tools.broker.address)


def test_performance_tools(kafka_tools):
    output = kafka_tools.run(
        "kafka-producer-perf-test", "--bootstrap-server", kafka_tools.broker.address, "--topic", "perf", "--num-records",
        "20000", "--record-size", "512", "--throughput", "-1")
    assert "20000 records sent" in output
