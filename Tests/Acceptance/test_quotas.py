"""Clients that are held to their quotas, by what they send and read themselves."""
import re
import time

from confluent_kafka import Consumer, Producer, TopicPartition

import clients

# Seconds' worth of a quota that may be used at once: the window that is not measured yet.
WINDOW = 10


def set_quota(tools, client, **quotas):
    output = tools.ask(
        "kafka-configs", "--entity-type", "clients", "--entity-name", client, "--alter", "--add-config",
        ",".join(f"{key}={value}" for key, value in quotas.items()))
    assert "Completed updating config" in output, output


def test_a_perf_test_keeps_to_its_quota(kafka_tools, broker):
    clients.create_topic(broker, "perf")
    quota, size, count = 200_000, 1_000, 4_000
    set_quota(kafka_tools, "perf-client", producer_byte_rate=quota)
    start = time.monotonic()
    output = kafka_tools.run(
        "kafka-producer-perf-test", "--bootstrap-server", broker.address, "--topic", "perf", "--num-records", count,
        "--record-size", size, "--throughput", "-1", "--print-metrics", "--command-property", "client.id=perf-client",
        timeout=120)
    elapsed = time.monotonic() - start
    assert f"{count} records sent" in output, output
    # A window's worth may come at once, and one batch more than fits.
    assert count * size <= quota * (elapsed + WINDOW + 1), f"{count * size} bytes in {elapsed} s"
    throttled = re.search(r"producer-metrics:produce-throttle-time-max:.*: (\d+\.\d+)", output)
    assert throttled and float(throttled[1]) > 0, output


def test_confluent_reports_the_throttle_and_keeps_to_it(kafka_tools, broker):
    clients.create_topic(broker, "slow")
    quota, size = 100_000, 1_000
    set_quota(kafka_tools, "c", producer_byte_rate=quota, consumer_byte_rate=quota)
    throttles = []
    producer = Producer({
        "bootstrap.servers": broker.address, "client.id": "c", "linger.ms": 5, "batch.size": 20_000,
        "throttle_cb": lambda event: throttles.append(event.throttle_time)})
    start = time.monotonic()
    for _ in range(2_000):
        producer.produce("slow", bytes(size), partition=0)
    assert producer.flush(90) == 0
    elapsed = time.monotonic() - start
    assert any(throttle > 0 for throttle in throttles)
    assert 2_000 * size <= quota * (elapsed + WINDOW + 1), elapsed

    throttles.clear()
    consumer = Consumer({
        "bootstrap.servers": broker.address, "client.id": "c", "group.id": "g", "enable.auto.commit": False,
        "max.partition.fetch.bytes": 100_000, "throttle_cb": lambda event: throttles.append(event.throttle_time)})
    consumer.assign([TopicPartition("slow", 0, 0)])
    start = time.monotonic()
    read = 0
    while read < 2_000:
        message = consumer.poll(30)
        assert message is not None and message.error() is None, message
        read += 1
    elapsed = time.monotonic() - start
    consumer.close()
    assert any(throttle > 0 for throttle in throttles)
    assert 2_000 * size <= quota * (elapsed + WINDOW + 1), elapsed


def test_a_change_reaches_a_running_producer(kafka_tools, broker):
    clients.create_topic(broker, "live")
    throttles = []
    producer = Producer({
        "bootstrap.servers": broker.address, "client.id": "live",
        "throttle_cb": lambda event: throttles.append(event.throttle_time)})

    def send(count):
        for _ in range(count):
            producer.produce("live", bytes(1_000), partition=0)
        assert producer.flush(60) == 0

    send(100)
    assert not throttles
    set_quota(kafka_tools, "live", producer_byte_rate=1_000)
    deadline = time.monotonic() + 30
    while not throttles and time.monotonic() < deadline:
        send(20)
    assert throttles


def test_quotas_are_described(kafka_tools):
    for kind, name, quota in (
            ("ips", "10.1.2.3", "connection_creation_rate=5"), ("users", "u", "controller_mutation_rate=2.5"),
            ("clients", "c", "request_percentage=40.0")):
        kafka_tools.ask("kafka-configs", "--entity-type", kind, "--entity-name", name, "--alter", "--add-config", quota)
        described = kafka_tools.ask("kafka-configs", "--entity-type", kind, "--entity-name", name, "--describe")
        assert quota in described, described
