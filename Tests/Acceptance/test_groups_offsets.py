"""Committed offsets whose records, or whose topic, are gone."""
import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from kafka import KafkaConsumer
from kafka import TopicPartition as PythonTopicPartition
from kafka.errors import KafkaError

import clients
import groups
from clients import wait_until

DAY_MILLISECONDS = 86_400_000
PROTOCOLS = ["classic", "consumer"]


@pytest.fixture
def broker(make_broker):
    return make_broker(settings={
        **groups.SETTINGS, "log.retention.check.interval.ms": 500, "log.initial.task.delay.ms": 100}).start()


def settings(broker, **more):
    return {"bootstrap.servers": broker.address, "group.id": "g", "enable.auto.commit": False, **more}


def commit(broker, offsets):
    groups.commit(broker, "g", offsets)


def committed(broker):
    return groups.committed(broker, "g", [(topic, partition) for topic in ("orders", "payments") for partition in (0, 1)])


def write(broker, topic, values, **more):
    producer = Producer({"bootstrap.servers": broker.address})
    for value in values:
        producer.produce(topic, value, partition=0, **more)
    assert producer.flush(30) == 0


@pytest.mark.parametrize("protocol", [None, *PROTOCOLS])
def test_a_topic_that_is_deleted_takes_its_offsets_along(broker, protocol):
    """Whether somebody reads it or nobody; those of other topics stay."""
    admin = AdminClient({"bootstrap.servers": broker.address})
    for topic in ("orders", "payments"):
        clients.create_topic(broker, topic, 2)
    commit(broker, {("orders", 0): 3, ("orders", 1): 4, ("payments", 1): 5})
    assert committed(broker) == {("orders", 0): 3, ("orders", 1): 4, ("payments", 1): 5}
    reader = None
    if protocol:
        reader = Consumer(settings(broker, **{"group.protocol": protocol, "auto.offset.reset": "earliest"}))
        reader.subscribe(["orders", "payments"])
        wait_until(lambda: reader.poll(0.1) is None and len(reader.assignment()) == 4)
    admin.delete_topics(["orders"])["orders"].result(30)
    wait_until(lambda: committed(broker) == {("payments", 1): 5})
    if reader:
        reader.close()
    broker.restart_after_kill()
    clients.create_topic(broker, "orders", 2)
    assert committed(broker) == {("payments", 1): 5}


def trim_by_retention(broker):
    admin = AdminClient({"bootstrap.servers": broker.address})
    new = NewTopic("orders", 1, 1, config={"retention.ms": str(DAY_MILLISECONDS // 24)})
    admin.create_topics([new])["orders"].result(30)
    write(broker, "orders", [f"{n}" for n in range(8)], timestamp=int(time.time() * 1000) - DAY_MILLISECONDS)


def trim_by_request(broker):
    admin = AdminClient({"bootstrap.servers": broker.address})
    clients.create_topic(broker, "orders")
    write(broker, "orders", [f"{n}" for n in range(8)])
    for future in admin.delete_records([TopicPartition("orders", 0, 8)]).values():
        future.result(30)


@pytest.fixture(params=[trim_by_retention, trim_by_request])
def trimmed(request, broker):
    """A topic with the offsets 8 and 9 left, and a group whose offset is 5."""
    request.param(broker)
    looker = Consumer(settings(broker))
    wait_until(lambda: looker.get_watermark_offsets(TopicPartition("orders", 0), timeout=30)[0] == 8)
    looker.close()
    # Retention may take a record that nobody committed before; the offset is set when all is settled.
    commit(broker, {("orders", 0): 5})
    write(broker, "orders", ["8", "9"])
    return broker


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("policy", ["earliest", "latest", "error"])
def test_an_offset_before_the_log_is_kept_and_the_client_decides(trimmed, policy, protocol):
    assert committed(trimmed) == {("orders", 0): 5}
    consumer = Consumer(settings(trimmed, **{"group.protocol": protocol, "auto.offset.reset": policy}))
    consumer.subscribe(["orders"])
    got = []

    def poll():
        message = consumer.poll(0.1)
        if message is not None:
            got.append(message.error().name() if message.error() else message.value().decode())
        return got

    if policy == "latest":
        # What was there is passed over, and where it begins nobody says: write until some of it is read.
        deadline = time.monotonic() + 60
        while not poll() and time.monotonic() < deadline:
            write(trimmed, "orders", ["new"])
        assert set(got) == {"new"}
    else:
        wait_until(lambda: len(poll()) >= (2 if policy == "earliest" else 1))
        assert got == (["8", "9"] if policy == "earliest" else ["_AUTO_OFFSET_RESET"])
    assert committed(trimmed) == {("orders", 0): 5}
    if policy == "earliest":
        consumer.commit(asynchronous=False)
        assert committed(trimmed) == {("orders", 0): 10}
    consumer.close()


@pytest.mark.parametrize("policy, expected", [("earliest", [b"8", b"9"]), ("none", KafkaError)])
def test_so_it_is_for_kafka_python(trimmed, policy, expected):
    consumer = KafkaConsumer(
        "orders", bootstrap_servers=trimmed.address, group_id="g", enable_auto_commit=False, auto_offset_reset=policy,
        consumer_timeout_ms=60_000)
    if expected is KafkaError:
        with pytest.raises(KafkaError, match="offset|Offset"):
            next(consumer)
    else:
        assert [next(consumer).value for _ in expected] == expected
        consumer.commit()
        assert consumer.committed(PythonTopicPartition("orders", 0)) == 10
    consumer.close()
