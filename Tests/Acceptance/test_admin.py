"""Kafka's admin tools and the admin clients of other languages: configuration, partitions, directories, the cluster."""
import json
import re

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import (
    AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource, NewPartitions, ResourceType)
from kafka.admin import ConfigResource as PythonConfigResource
from kafka.admin import ConfigResourceType, KafkaAdminClient, NewPartitions as PythonNewPartitions

import clients
from conftest import need
from tools import Tools


def configs(tools, *arguments):
    return tools.ask("kafka-configs", *arguments)


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def refused_as_too_large(broker, topic, size):
    """Whether the broker takes no record of that size."""
    errors = []
    producer = Producer({"bootstrap.servers": broker.address, "message.max.bytes": 10_000_000})
    producer.produce(topic, b"x" * size, partition=0, callback=lambda error, _: errors.append(error))
    assert producer.flush(30) == 0
    return errors[0] is not None and errors[0].name() == "MSG_SIZE_TOO_LARGE"


def test_topic_configuration(kafka_tools, broker):
    clients.create_topic(broker, "t")
    topic = ("--entity-type", "topics", "--entity-name", "t")
    assert not refused_as_too_large(broker, "t", 2000)
    assert "Completed updating config for topic t." in configs(
        kafka_tools, *topic, "--alter", "--add-config", "max.message.bytes=1000,cleanup.policy=[compact,delete]")
    described = configs(kafka_tools, *topic, "--describe")
    assert "max.message.bytes=1000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:max.message.bytes=1000, " in described
    assert "cleanup.policy=compact,delete" in described
    assert refused_as_too_large(broker, "t", 2000)
    configs(kafka_tools, *topic, "--alter", "--delete-config", "max.message.bytes,cleanup.policy")
    assert "max.message.bytes" not in configs(kafka_tools, *topic, "--describe")
    assert not refused_as_too_large(broker, "t", 2000)
    assert "InvalidConfigurationException" in configs(kafka_tools, *topic, "--alter", "--add-config", "retention.ms=abc")
    everything = configs(kafka_tools, *topic, "--describe", "--all")
    assert "compression.type=producer sensitive=false synonyms={DEFAULT_CONFIG:compression.type=producer}" in everything


def test_broker_configuration(kafka_tools, broker):
    clients.create_topic(broker, "t")
    everybody, this = ("--entity-type", "brokers", "--entity-default"), ("--entity-type", "brokers", "--entity-name", "1")
    assert "Completed updating default config for brokers in the cluster." in configs(
        kafka_tools, *everybody, "--alter", "--add-config", "message.max.bytes=1000")
    assert refused_as_too_large(broker, "t", 2000)
    assert "Completed updating config for broker 1." in configs(
        kafka_tools, *this, "--alter", "--add-config", "message.max.bytes=5000")
    assert not refused_as_too_large(broker, "t", 2000)
    described = configs(kafka_tools, *this, "--describe")
    assert "DYNAMIC_BROKER_CONFIG:message.max.bytes=5000, DYNAMIC_DEFAULT_BROKER_CONFIG:message.max.bytes=1000" in described
    assert "message.max.bytes=1000" in configs(kafka_tools, *everybody, "--describe")
    assert "Cannot update these configs dynamically" in configs(
        kafka_tools, *this, "--alter", "--add-config", "num.partitions=5")
    configs(kafka_tools, *this, "--alter", "--delete-config", "message.max.bytes")
    configs(kafka_tools, *everybody, "--alter", "--delete-config", "message.max.bytes")
    assert not refused_as_too_large(broker, "t", 100_000)


@pytest.mark.martlet
def test_log_levels(kafka_tools, broker):
    loggers = ("--entity-type", "broker-loggers", "--entity-name", "1")
    configs(kafka_tools, *loggers, "--alter", "--add-config", "broker=DEBUG")
    described = configs(kafka_tools, *loggers, "--describe")
    assert "broker=DEBUG" in described and "root=INFO" in described
    configs(kafka_tools, *loggers, "--alter", "--delete-config", "broker")
    assert "broker=INFO" in configs(kafka_tools, *loggers, "--describe")
    assert "Invalid broker logger(s): no.such" in configs(
        kafka_tools, *loggers, "--alter", "--add-config", "no.such=INFO")


def test_client_metrics_and_groups(kafka_tools):
    configs(
        kafka_tools, "--entity-type", "client-metrics", "--entity-name", "m", "--alter", "--add-config",
        "interval.ms=60000,metrics=[org.apache.kafka.consumer.],match=[client_id=a.*]")
    assert "interval.ms=60000" in configs(kafka_tools, "--entity-type", "client-metrics", "--entity-name", "m", "--describe")
    assert kafka_tools.ask("kafka-client-metrics", "--list").split() == ["m"]
    kafka_tools.ask("kafka-client-metrics", "--delete", "--name", "m")
    assert kafka_tools.ask("kafka-client-metrics", "--list").split() == []
    # To describe it the tool asks for the list of groups first, which is not served before groups are.
    assert "Completed updating config for group g." in configs(
        kafka_tools, "--entity-type", "groups", "--entity-name", "g", "--alter", "--add-config",
        "consumer.session.timeout.ms=50000")


def test_quotas(kafka_tools):
    output = configs(
        kafka_tools, "--entity-type", "users", "--entity-name", "u", "--entity-type", "clients", "--entity-name", "c",
        "--alter", "--add-config", "producer_byte_rate=1024,request_percentage=50")
    assert "Completed updating config for user u." in output, output
    configs(
        kafka_tools, "--entity-type", "clients", "--entity-default", "--alter", "--add-config", "consumer_byte_rate=2048")
    described = configs(
        kafka_tools, "--entity-type", "users", "--entity-name", "u", "--entity-type", "clients", "--entity-name", "c",
        "--describe")
    assert "producer_byte_rate=1024.0" in described and "request_percentage=50.0" in described
    assert "consumer_byte_rate=2048.0" in configs(
        kafka_tools, "--entity-type", "clients", "--entity-default", "--describe")
    configs(
        kafka_tools, "--entity-type", "clients", "--entity-default", "--alter", "--delete-config", "consumer_byte_rate")
    assert "consumer_byte_rate" not in configs(
        kafka_tools, "--entity-type", "clients", "--entity-default", "--describe")


def test_more_partitions(kafka_tools):
    kafka_tools.ask("kafka-topics", "--create", "--topic", "t", "--partitions", "2", "--config", "retention.ms=5000000")
    kafka_tools.ask("kafka-topics", "--alter", "--topic", "t", "--partitions", "4")
    described = kafka_tools.ask("kafka-topics", "--describe", "--topic", "t")
    assert "PartitionCount: 4" in described
    assert re.search(r"Configs: .*retention\.ms=5000000", described)
    assert described.count("Leader: 1") == 4
    assert "InvalidPartitionsException" in kafka_tools.ask("kafka-topics", "--alter", "--topic", "t", "--partitions", "3")


def test_directories_and_reassignment(make_broker, tmp_path):
    broker = make_broker(settings={"log.dirs": f"{tmp_path}/one,{tmp_path}/two"}).start()
    tools = Tools(need("KAFKA_HOME"), broker)
    clients.create_topic(broker, "t")
    clients.Confluent().produce(broker, "t", 0, "none", range(1000), clients.Progress())

    def directories():
        """The directory of t-0, with its size."""
        output = tools.ask("kafka-log-dirs", "--describe", "--topic-list", "t")
        found = json.loads(next(line for line in output.splitlines() if line.startswith("{")))
        assert [row["error"] for row in found["brokers"][0]["logDirs"]] == [None, None]
        return {row["logDir"]: part["size"] for row in found["brokers"][0]["logDirs"] for part in row["partitions"]}

    (source, size), = directories().items()
    assert size > 1000
    target, = {f"{tmp_path}/one", f"{tmp_path}/two"} - {source}
    plan = write(tmp_path / "plan.json", {"version": 1, "partitions": [
        {"topic": "t", "partition": 0, "replicas": [1], "log_dirs": [target]}]})
    assert "Successfully started moving log directory" in tools.ask(
        "kafka-reassign-partitions", "--reassignment-json-file", plan, "--execute")
    for _ in range(20):
        verified = tools.ask("kafka-reassign-partitions", "--reassignment-json-file", plan, "--verify")
        if "completed successfully" in verified:
            break
    assert "Reassignment of replica t-0-1 completed successfully." in verified
    assert directories() == {target: size}
    assert "t:0:1000" in tools.ask("kafka-get-offsets", "--topic", "t")
    assert "No partition reassignments found." in tools.ask("kafka-reassign-partitions", "--list")


def test_elections_features_and_the_quorum(kafka_tools, broker):
    clients.create_topic(broker, "t")
    elected = kafka_tools.ask(
        "kafka-leader-election", "--election-type", "preferred", "--topic", "t", "--partition", "0")
    assert "Valid replica already elected for partitions t-0" in elected
    features = kafka_tools.ask("kafka-features", "describe")
    assert re.search(r"Feature: metadata.version\s+SupportedMinVersion: \S+\s+SupportedMaxVersion: 4.3-IV0", features)
    assert "Local controller 1 does not support this feature" in kafka_tools.ask(
        "kafka-features", "upgrade", "--feature", "no.such.feature=1")
    status = kafka_tools.ask("kafka-metadata-quorum", "describe", "--status")
    assert re.search(r"LeaderId:\s+1\n", status) and '"id": 1' in status.replace("'", '"') or "CurrentVoters" in status
    assert re.search(r"^1\s+\S+\s+\d+\s+0\s.*Leader", kafka_tools.ask(
        "kafka-metadata-quorum", "describe", "--replication"), re.MULTILINE)
    assert "is not currently registered" in kafka_tools.run(
        "kafka-cluster", "unregister", "--bootstrap-server", broker.address, "--id", "98765")
    assert str(broker.port) in kafka_tools.run("kafka-cluster", "list-endpoints", "--bootstrap-server", broker.address)


def test_librdkafkas_admin_client(broker):
    clients.create_topic(broker, "t")
    admin = AdminClient({"bootstrap.servers": broker.address})
    topic = ConfigResource(ResourceType.TOPIC, "t", incremental_configs=[
        ConfigEntry("retention.ms", "123456", incremental_operation=AlterConfigOpType.SET),
        ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND)])
    admin.incremental_alter_configs([topic])[topic].result(30)
    resource = ConfigResource(ResourceType.TOPIC, "t")
    found = admin.describe_configs([resource])[resource].result(30)
    assert found["retention.ms"].value == "123456"
    assert found["retention.ms"].source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value
    assert found["cleanup.policy"].value == "delete,compact"
    admin.create_partitions([NewPartitions("t", 3)])["t"].result(30)
    assert len(admin.list_topics("t", timeout=30).topics["t"].partitions) == 3
    this = ConfigResource(ResourceType.BROKER, "1")
    settings = admin.describe_configs([this])[this].result(30)
    assert len(settings) > 200 and settings["log.retention.hours"].is_read_only
    with pytest.raises(KafkaException):
        admin.create_partitions([NewPartitions("t", 3)])["t"].result(30)


def test_kafka_pythons_admin_client(broker):
    clients.create_topic(broker, "t")
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    try:
        admin.create_partitions({"t": PythonNewPartitions(total_count=2)})
        admin.alter_configs([PythonConfigResource(ConfigResourceType.TOPIC, "t", configs={"retention.ms": "777"})])
        assert "777" in str(admin.describe_configs([PythonConfigResource(ConfigResourceType.TOPIC, "t")]))
        assert "t" in str(admin.describe_log_dirs())
    finally:
        admin.close()
