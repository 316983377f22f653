"""Unmodified clients behind one surface: produce numbered records to one partition, read a partition to its end.

There are no consumer groups here: partitions are assigned and offsets are explicit.
"""
import asyncio
import json
import re
import subprocess
import threading
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as AIOTopicPartition
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as PythonTopicPartition

import records
from records import Record

MAXIMUM_OUTSTANDING = 5_000
DELIVERY_SECONDS = 180


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


class Background:
    """A thread whose exception reaches the one that waits for it."""

    def __init__(self, work, *arguments):
        self.error = None

        def run():
            try:
                work(*arguments)
            except BaseException as error:
                self.error = error

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def finish(self, seconds=600):
        self.thread.join(seconds)
        if self.error:
            raise self.error
        assert not self.thread.is_alive(), f"still busy after {seconds} s"


class Progress:
    """How far a producer is; shared between the producer's thread and the one that watches it."""

    def __init__(self):
        self.changed = threading.Condition()
        self.sent = 0
        self.acknowledged = {}
        self.delivered = 0
        self.failed = []

    @property
    def outstanding(self):
        return self.sent - self.delivered - len(self.failed)

    def did_send(self):
        with self.changed:
            self.sent += 1
            self.changed.notify_all()

    def did_deliver(self, number, offset):
        """A client that learns only that its batch is there already, not where, gives no offset."""
        with self.changed:
            self.delivered += 1
            if offset is not None and offset >= 0:
                self.acknowledged[number] = offset
            self.changed.notify_all()

    def did_fail(self, number, error):
        with self.changed:
            self.failed.append((number, str(error)))
            self.changed.notify_all()

    def wait_until(self, condition, seconds=DELIVERY_SECONDS):
        with self.changed:
            assert self.changed.wait_for(condition, seconds), (
                f"sent {self.sent}, delivered {self.delivered}, failed {self.failed[:3]}")

    def has_room(self):
        return self.outstanding < MAXIMUM_OUTSTANDING


def create_topic(broker, name, partitions=1, **settings):
    admin = AdminClient({"bootstrap.servers": broker.address})
    topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=settings)
    admin.create_topics([topic])[name].result(30)


class Client:
    sets_timestamps = True
    # So many records are not acknowledged yet when batches of them are certainly under way.
    busy = 100

    def headers_of(self, number):
        return records.headers(number)


class Confluent(Client):
    name = "confluent-kafka"

    def produce(self, broker, topic, partition, codec, numbers, progress):
        producer = Producer({
            "bootstrap.servers": broker.address, "enable.idempotence": True, "compression.type": codec, "linger.ms": 5,
            "message.timeout.ms": DELIVERY_SECONDS * 1000, "reconnect.backoff.max.ms": 500,
            "queue.buffering.max.messages": MAXIMUM_OUTSTANDING})

        def report(number):
            def delivered(error, message):
                if error:
                    progress.did_fail(number, error)
                else:
                    progress.did_deliver(number, message.offset())
            return delivered

        for number in numbers:
            while True:
                try:
                    producer.produce(
                        topic, records.value(number), records.key(number), partition, timestamp=records.timestamp(number),
                        headers=list(records.headers(number)), on_delivery=report(number))
                    break
                except BufferError:
                    producer.poll(0.05)
            progress.did_send()
            producer.poll(0)
        assert producer.flush(DELIVERY_SECONDS) == 0

    def consume(self, broker, topic, partition, seconds=120):
        consumer = Consumer({
            "bootstrap.servers": broker.address, "group.id": "unused", "enable.auto.commit": False,
            "enable.partition.eof": True})
        consumer.assign([TopicPartition(topic, partition, 0)])
        found, deadline = [], time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                for message in consumer.consume(1000, 1):
                    if message.error() and message.error().name() == "_PARTITION_EOF":
                        return found
                    assert not message.error(), message.error()
                    found.append(Record(
                        message.offset(), message.key(), message.value(), tuple(message.headers() or ()),
                        message.timestamp()[1]))
        finally:
            consumer.close()
        raise TimeoutError(f"{len(found)} records after {seconds} s, and no end")


class KafkaPython(Client):
    name = "kafka-python"

    def produce(self, broker, topic, partition, codec, numbers, progress):
        producer = KafkaProducer(
            bootstrap_servers=broker.address, compression_type=None if codec == "none" else codec, linger_ms=5,
            delivery_timeout_ms=DELIVERY_SECONDS * 1000, max_block_ms=DELIVERY_SECONDS * 1000,
            reconnect_backoff_max_ms=500)
        for number in numbers:
            progress.wait_until(progress.has_room)
            sent = producer.send(
                topic, records.value(number), records.key(number), list(records.headers(number)), partition,
                records.timestamp(number))
            sent.add_callback(lambda metadata, number=number: progress.did_deliver(number, metadata.offset))
            sent.add_errback(lambda error, number=number: progress.did_fail(number, error))
            progress.did_send()
        producer.flush(DELIVERY_SECONDS)
        producer.close()

    def consume(self, broker, topic, partition, seconds=120):
        consumer = KafkaConsumer(bootstrap_servers=broker.address, enable_auto_commit=False)
        place = PythonTopicPartition(topic, partition)
        consumer.assign([place])
        consumer.seek(place, 0)
        end = consumer.end_offsets([place])[place]
        found, deadline = [], time.monotonic() + seconds
        while consumer.position(place) < end:
            assert time.monotonic() < deadline, f"{len(found)} records of {end} after {seconds} s"
            for batch in consumer.poll(1000, max_records=5000).values():
                found += [Record(r.offset, r.key, r.value, tuple(r.headers), r.timestamp) for r in batch]
        consumer.close()
        return found


class AIOKafka(Client):
    name = "aiokafka"

    def produce(self, broker, topic, partition, codec, numbers, progress):
        asyncio.run(self.produce_all(broker, topic, partition, codec, numbers, progress))

    async def produce_all(self, broker, topic, partition, codec, numbers, progress):
        producer = AIOKafkaProducer(
            bootstrap_servers=broker.address, enable_idempotence=True, linger_ms=5,
            max_batch_size=1 << 16, compression_type=None if codec == "none" else codec, request_timeout_ms=DELIVERY_SECONDS * 1000)
        await producer.start()

        def report(number):
            def done(future):
                if future.exception():
                    progress.did_fail(number, future.exception())
                else:
                    progress.did_deliver(number, future.result().offset)
            return done

        waiting = set()
        for number in numbers:
            sent = await producer.send(
                topic, records.value(number), records.key(number), partition, records.timestamp(number),
                list(records.headers(number)))
            waiting.add(sent)
            sent.add_done_callback(report(number))
            progress.did_send()
            if len(waiting) >= MAXIMUM_OUTSTANDING:
                _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        await producer.stop()

    def consume(self, broker, topic, partition, seconds=120):
        return asyncio.run(asyncio.wait_for(self.consume_all(broker, topic, partition), seconds))

    async def consume_all(self, broker, topic, partition):
        consumer = AIOKafkaConsumer(bootstrap_servers=broker.address, enable_auto_commit=False)
        await consumer.start()
        try:
            place = AIOTopicPartition(topic, partition)
            consumer.assign([place])
            consumer.seek(place, 0)
            end = (await consumer.end_offsets([place]))[place]
            found = []
            while await consumer.position(place) < end:
                for batch in (await consumer.getmany(place, timeout_ms=1000)).values():
                    found += [Record(r.offset, r.key, r.value, tuple(r.headers), r.timestamp) for r in batch]
            return found
        finally:
            await consumer.stop()


class Kcat(Client):
    """kcat sets the same headers for all records of a run, and no timestamps."""

    name = "kcat"
    sets_timestamps = False
    # The pipe to kcat holds up to 64 KiB that it has not seen.
    busy = 1000
    delivered_line = re.compile(rb"Message delivered to partition \d+ \(offset (-?\d+)\)")

    def headers_of(self, number):
        return (("client", b"kcat"),)

    def produce(self, broker, topic, partition, codec, numbers, progress):
        kcat = subprocess.Popen(
            ["kcat", "-P", "-E", "-vv", "-b", broker.address, "-t", topic, "-p", str(partition), "-K", "\t", "-H", "client=kcat",
             "-z", codec, "-X", "enable.idempotence=true", "-X", f"message.timeout.ms={DELIVERY_SECONDS * 1000}",
             "-X", "reconnect.backoff.max.ms=500", "-X", f"queue.buffering.max.messages={MAXIMUM_OUTSTANDING}"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

        # One partition and an idempotent producer: deliveries are reported in the order of the records.
        others = []

        def read_reports():
            expected = iter(numbers)
            for line in kcat.stderr:
                if delivered := self.delivered_line.search(line):
                    progress.did_deliver(next(expected), int(delivered[1]))
                else:
                    others.append(line.decode(errors="replace"))

        reader = Background(read_reports)
        for number in numbers:
            kcat.stdin.write(records.key(number) + b"\t" + records.value(number) + b"\n")
            progress.did_send()
        kcat.stdin.close()
        code = kcat.wait(DELIVERY_SECONDS)
        reader.finish()
        assert code == 0, f"kcat ended with {code}:\n{''.join(others[-20:])}"

    def consume(self, broker, topic, partition, seconds=120):
        done = subprocess.run(
            ["kcat", "-C", "-q", "-e", "-J", "-b", broker.address, "-t", topic, "-p", str(partition), "-o", "beginning",
             "-X", "check.crcs=true"], capture_output=True, timeout=seconds)
        assert done.returncode == 0, done.stderr
        # kcat passes bytes that are no text through as they are; Latin-1 keeps every byte.
        found = []
        for line in done.stdout.splitlines():
            message = json.loads(line.decode("latin-1"))
            pairs = message.get("headers", [])
            found.append(Record(
                message["offset"], message["key"].encode(), message["payload"].encode(),
                tuple((name, text.encode("latin-1")) for name, text in zip(pairs[::2], pairs[1::2])), message["ts"]))
        return found


ALL = [Kcat(), Confluent(), KafkaPython(), AIOKafka()]
