"""Members of a consumer group, of every client, and what must be true of what they did together.

All of them are threads of this process, so that one journal knows the order of what happened. A member takes part by
`assigned` and `revoked` from its client's callbacks, by `processed` for each record and by `committed` for what the broker
has acknowledged.
"""
import asyncio
import struct
import threading
import time
from collections import defaultdict
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer
from aiokafka import ConsumerRebalanceListener as AIOListener
from aiokafka import TopicPartition as AIOTopicPartition
from aiokafka.errors import KafkaError as AIOKafkaError
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata
from kafka import TopicPartition as PythonTopicPartition
from kafka.errors import KafkaConnectionError, KafkaError

import clients
import records

# Rebalances are waited for, so that what sets their pace is short.
SETTINGS = {
    "group.initial.rebalance.delay.ms": 0, "offsets.topic.replication.factor": 1,
    "group.consumer.min.heartbeat.interval.ms": 100, "group.consumer.heartbeat.interval.ms": 300,
    "group.consumer.assignment.interval.ms": 100,
}
SESSION_MILLISECONDS = 30_000
HEARTBEAT_MILLISECONDS = 300
COMMIT_EVERY = 50
PATIENCE_SECONDS = 120
NO_COORDINATOR_YET = {"NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS"}


@dataclass
class Ownership:
    """A partition with one member, from its assignment to its revocation."""

    member: str
    generation: int
    last: int | None = None


class Journal:
    """What the members did, checked while it happens; `faults` is what must not have."""

    def __init__(self):
        self.changed = threading.Condition()
        self.owners = {}
        self.generations = {}
        self.moves = 0
        self.ends = defaultdict(int)
        self.acknowledged = defaultdict(int)
        self.numbers = set()
        self.processed_twice = 0
        self.faults = []

    def assigned(self, member, generation, partitions):
        with self.changed:
            for partition in partitions:
                owner = self.owners.get(partition)
                if owner:
                    self.faults.append(f"{partition} went to {member} while {owner.member} had it")
                first = self.generations.setdefault((partition, generation), member)
                if first != member:
                    self.faults.append(f"{partition} belonged to {first} and to {member} in generation {generation}")
                self.owners[partition] = Ownership(member, generation)
            self.moves += 1
            self.changed.notify_all()

    def revoked(self, member, partitions=None):
        """The partitions, or all that the member has."""
        with self.changed:
            for partition in list(self.owners) if partitions is None else partitions:
                if partition in self.owners and self.owners[partition].member == member:
                    del self.owners[partition]
            self.moves += 1
            self.changed.notify_all()

    def processed(self, member, partition, offset, value):
        with self.changed:
            owner, end = self.owners.get(partition), self.ends[partition]
            if owner is None or owner.member != member:
                self.faults.append(f"{member} processed {partition}@{offset}, which belonged to {owner}")
            elif owner.last is not None and offset != owner.last + 1:
                self.faults.append(f"{member} processed {partition}@{offset} after {owner.last}")
            elif owner.last is None and not self.acknowledged[partition] <= offset <= end:
                self.faults.append(
                    f"{member} began {partition} at {offset}: committed {self.acknowledged[partition]}, processed {end}")
            if owner:
                owner.last = offset
            self.processed_twice += offset < end
            self.ends[partition] = max(end, offset + 1)
            self.numbers.add(int(value[:8]))
            self.changed.notify_all()

    def committed(self, offsets):
        with self.changed:
            for partition, offset in offsets.items():
                self.acknowledged[partition] = max(self.acknowledged[partition], offset)
            self.changed.notify_all()

    def failed(self, member, error):
        with self.changed:
            self.faults.append(f"{member} ended with {error!r}")
            self.changed.notify_all()

    def members_of(self, partitions):
        """Who has which of the partitions; None while one of them has nobody."""
        if any(partition not in self.owners for partition in partitions):
            return None
        shares = defaultdict(set)
        for partition in partitions:
            shares[self.owners[partition].member].add(partition)
        return dict(shares)

    def wait_until(self, condition, what, seconds=PATIENCE_SECONDS):
        with self.changed:
            assert self.changed.wait_for(lambda: condition() or self.faults, seconds), (
                f"{what}: not within {seconds} s; owners {self.owners}, ends {dict(self.ends)}")
            assert not self.faults, self.faults[:5]

    def snapshot(self):
        with self.changed:
            return dict(self.acknowledged)


class Member:
    """A consumer on a thread of its own, until `leave`."""

    def __init__(self, name, broker, group, subscription, journal, **options):
        self.name, self.broker, self.group = name, broker, group
        self.subscription, self.journal, self.options = subscription, journal, options
        self.connected, self.leaving = threading.Event(), threading.Event()
        self.pending, self.uncommitted = {}, 0
        self.work = clients.Background(self.run_until_asked)

    def leave(self):
        self.leaving.set()
        self.work.finish(PATIENCE_SECONDS)

    def run_until_asked(self):
        try:
            self.run()
        except Exception as error:
            self.journal.failed(self.name, error)
            raise
        finally:
            self.connected.set()

    def run(self):
        raise NotImplementedError

    def took(self, topic, partition, offset, value):
        self.journal.processed(self.name, (topic, partition), offset, value)
        self.pending[topic, partition] = offset + 1
        self.uncommitted += 1

    def acknowledged(self, offsets):
        """The broker has these offsets: they need no further commit."""
        self.journal.committed(offsets)
        self.uncommitted = 0
        self.pending = {place: offset for place, offset in self.pending.items() if offsets.get(place) != offset}

    def gave_up(self, partitions=None):
        self.journal.revoked(self.name, partitions)
        self.pending = {} if partitions is None else {
            place: offset for place, offset in self.pending.items() if place not in partitions}


def places(partitions):
    return {(each.topic, each.partition) for each in partitions}


class ConfluentMember(Member):
    configuration = {}

    def run(self):
        consumer = Consumer({
            "bootstrap.servers": self.broker.address, "group.id": self.group, "client.id": self.name,
            "enable.auto.commit": False, "auto.offset.reset": "earliest", "reconnect.backoff.max.ms": 500,
            "topic.metadata.refresh.interval.ms": 1000, **self.configuration, **self.options})
        consumer.subscribe(
            self.subscription, on_assign=self.on_assign, on_revoke=self.on_revoke, on_lost=self.on_lost)
        self.connected.set()
        while not self.leaving.is_set():
            message = consumer.poll(0.1)
            if message and not message.error():
                self.took(message.topic(), message.partition(), message.offset(), message.value())
            if message is None or self.uncommitted >= COMMIT_EVERY:
                self.commit(consumer)
        consumer.close()
        self.gave_up()

    def commit(self, consumer):
        if not self.pending:
            return
        offsets = [TopicPartition(*place, offset) for place, offset in self.pending.items()]
        try:
            answers = consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException:
            return
        self.acknowledged({(each.topic, each.partition): each.offset for each in answers if not each.error})

    def on_assign(self, consumer, partitions):
        self.journal.assigned(self.name, generation_of(consumer), places(partitions))

    def on_revoke(self, consumer, partitions):
        self.commit(consumer)
        self.gave_up(places(partitions))

    def on_lost(self, consumer, partitions):
        self.gave_up(places(partitions))


def generation_of(consumer):
    """The generation or, of the consumer protocol, the member's epoch: librdkafka's metadata have it behind `CGMDv2:`."""
    metadata = consumer.consumer_group_metadata()
    assert metadata.startswith(b"CGMDv2:"), metadata
    return struct.unpack_from("=i", metadata, 7)[0]


class ClassicMember(ConfluentMember):
    name_of_client = "confluent-kafka"
    configuration = {"session.timeout.ms": SESSION_MILLISECONDS, "heartbeat.interval.ms": HEARTBEAT_MILLISECONDS}


class CooperativeMember(ClassicMember):
    name_of_client = "confluent-kafka-cooperative"
    configuration = {**ClassicMember.configuration, "partition.assignment.strategy": "cooperative-sticky"}


class ConsumerProtocolMember(ConfluentMember):
    name_of_client = "confluent-kafka-consumer"
    configuration = {"group.protocol": "consumer"}


class KafkaPythonMember(Member):
    name_of_client = "kafka-python"

    def run(self):
        consumer = KafkaConsumer(
            bootstrap_servers=self.broker.address, group_id=self.group, client_id=self.name, enable_auto_commit=False,
            auto_offset_reset="earliest", session_timeout_ms=SESSION_MILLISECONDS,
            heartbeat_interval_ms=HEARTBEAT_MILLISECONDS, reconnect_backoff_max_ms=500, **self.options)
        consumer.subscribe(self.subscription, listener=self.Listener(self, consumer))
        self.connected.set()
        while not self.leaving.is_set():
            for place, batch in self.poll(consumer).items():
                for each in batch:
                    self.took(place.topic, place.partition, each.offset, each.value)
            self.commit(consumer)
        consumer.close()
        self.gave_up()

    def poll(self, consumer):
        """Also tells of connections that it lost while it joined, and goes on when it is called again."""
        try:
            return consumer.poll(100, max_records=COMMIT_EVERY)
        except KafkaConnectionError:
            self.leaving.wait(0.1)
            return {}

    def commit(self, consumer):
        offsets = dict(self.pending)
        if not offsets:
            return
        try:
            consumer.commit(
                {PythonTopicPartition(*place): OffsetAndMetadata(offset, "", -1) for place, offset in offsets.items()},
                timeout_ms=5000)
        except KafkaError:
            return
        self.acknowledged(offsets)

    class Listener(ConsumerRebalanceListener):
        def __init__(self, member, consumer):
            self.member, self.consumer = member, consumer

        def on_partitions_assigned(self, assigned):
            generation = self.consumer._coordinator._generation.generation_id
            self.member.journal.assigned(self.member.name, generation, places(assigned))

        def on_partitions_revoked(self, revoked):
            self.member.commit(self.consumer)
            self.member.gave_up(places(revoked))

        def on_partitions_lost(self, lost):
            self.member.gave_up(places(lost))


class AIOKafkaMember(Member):
    name_of_client = "aiokafka"

    def run(self):
        asyncio.run(self.consume())

    async def consume(self):
        # A commit that is under way is tried again, in whichever generation the member then is: it must end first.
        self.committing = asyncio.Lock()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker.address, group_id=self.group, client_id=self.name, enable_auto_commit=False,
            auto_offset_reset="earliest", session_timeout_ms=SESSION_MILLISECONDS,
            heartbeat_interval_ms=HEARTBEAT_MILLISECONDS, **self.options)
        consumer.subscribe(self.subscription, listener=self.Listener(self, consumer))
        await consumer.start()
        self.connected.set()
        while not self.leaving.is_set():
            for place, batch in (await consumer.getmany(timeout_ms=100, max_records=COMMIT_EVERY)).items():
                for each in batch:
                    self.took(place.topic, place.partition, each.offset, each.value)
            await self.commit(consumer)
        await self.commit(consumer)
        await consumer.stop()
        self.gave_up()

    async def commit(self, consumer):
        async with self.committing:
            offsets = dict(self.pending)
            if not offsets:
                return
            try:
                await consumer.commit({AIOTopicPartition(*place): offset for place, offset in offsets.items()})
            except AIOKafkaError:
                return
            self.acknowledged(offsets)

    class Listener(AIOListener):
        def __init__(self, member, consumer):
            self.member, self.consumer = member, consumer

        async def on_partitions_assigned(self, assigned):
            self.member.journal.assigned(self.member.name, self.consumer._coordinator.generation, places(assigned))

        async def on_partitions_revoked(self, revoked):
            await self.member.commit(self.consumer)
            self.member.gave_up(places(revoked))


KINDS = [ClassicMember, CooperativeMember, ConsumerProtocolMember, KafkaPythonMember, AIOKafkaMember]


class Load:
    """An idempotent producer of numbered records to all partitions of a topic in turn, so many a second, until `stop`."""

    def __init__(self, broker, topic, partitions, rate):
        self.broker, self.topic, self.partitions, self.rate = broker, topic, partitions, rate
        self.sent, self.failed = 0, []
        self.stopping = threading.Event()
        self.work = clients.Background(self.run)

    def run(self):
        producer = Producer({
            "bootstrap.servers": self.broker.address, "enable.idempotence": True, "linger.ms": 5,
            "message.timeout.ms": PATIENCE_SECONDS * 1000, "reconnect.backoff.max.ms": 500})
        began = time.monotonic()
        while not self.stopping.wait(max(0, began + self.sent / self.rate - time.monotonic())):
            producer.produce(
                self.topic, records.value(self.sent), partition=self.sent % self.partitions, on_delivery=self.delivered)
            self.sent += 1
            producer.poll(0)
        assert producer.flush(PATIENCE_SECONDS) == 0

    def delivered(self, error, _):
        if error:
            self.failed.append(error)

    def stop(self):
        """How many records there are."""
        self.stopping.set()
        self.work.finish(PATIENCE_SECONDS)
        assert not self.failed, self.failed[:3]
        return self.sent


class Group:
    """A group of one kind of member over the partitions of one topic, and its journal."""

    def __init__(self, broker, name, topic, partitions, kind, subscription=None):
        self.broker, self.name, self.kind = broker, name, kind
        self.subscription = [subscription or topic]
        self.partitions = [(topic, partition) for partition in range(partitions)]
        self.journal = Journal()
        self.members = {}
        self.started = 0

    def start(self, name, kind=None, **options):
        self.members[name] = (kind or self.kind)(
            name, self.broker, self.name, self.subscription, self.journal, **options)

    def grow(self, count, kind=None):
        """Members begin, and have connections when this returns: not every client tries again to get its first one."""
        for _ in range(count):
            self.start(f"member-{self.started}", kind)
            self.started += 1
        for member in self.members.values():
            assert member.connected.wait(PATIENCE_SECONDS)

    def shrink(self, count):
        """Members leave, the oldest first, all at a time."""
        leaving = [self.members.pop(name) for name in list(self.members)[:count]]
        for member in leaving:
            member.leaving.set()
        for member in leaving:
            member.leave()

    def is_settled(self):
        """Whether each member has its share: none has more than one partition more than another."""
        shares = self.journal.members_of(self.partitions)
        return shares is not None and shares.keys() == self.members.keys() and (
            max(map(len, shares.values())) - min(map(len, shares.values())) <= 1)

    def settle(self):
        self.journal.wait_until(self.is_settled, f"{len(self.members)} members with a share each")

    def progress(self):
        """Waits until something more of every partition is committed."""
        before = self.journal.snapshot()
        self.journal.wait_until(
            lambda: all(self.journal.acknowledged[each] > before.get(each, 0) for each in self.partitions), "progress")

    def committed(self):
        """What the broker says is committed."""
        return committed(self.broker, self.name, self.partitions)

    def restart_broker(self):
        """kill -9 and a start; what was acknowledged before it must be there after it."""
        before = self.journal.snapshot()
        self.broker.restart_after_kill()
        after = self.committed()
        lost = {place: (offset, after.get(place)) for place, offset in before.items() if after.get(place, -1) < offset}
        assert not lost, f"acknowledged commits, and what there is now: {lost}"

    def finish(self, count):
        """All members leave when all records have been processed and committed; every one of them was, by one member."""
        journal = self.journal
        journal.wait_until(lambda: len(journal.numbers) == count, f"{count} records processed")
        journal.wait_until(lambda: journal.acknowledged == journal.ends, "all of them committed")
        assert self.committed() == journal.ends
        self.shrink(len(self.members))
        assert not journal.faults, journal.faults[:5]
        assert journal.numbers == set(range(count)) and sum(journal.ends.values()) == count
        assert self.committed() == journal.ends, "leaving changes nothing"


def committed(broker, group, partitions):
    """What the broker says is committed.

    A consumer asks: librdkafka's admin client crashes when the answer sends it to look for the coordinator again.
    """
    found = with_coordinator(broker, group, lambda consumer: consumer.committed(
        [TopicPartition(*each) for each in partitions], timeout=PATIENCE_SECONDS))
    return {(each.topic, each.partition): each.offset for each in found if each.offset >= 0}


def commit(broker, group, offsets):
    """Commits for a group without members."""
    wanted = [TopicPartition(*place, offset, leader_epoch=0) for place, offset in offsets.items()]
    with_coordinator(broker, group, lambda consumer: consumer.commit(offsets=wanted, asynchronous=False))


def with_coordinator(broker, group, ask):
    """The answer to a consumer of the group; a broker that has just started may not be the coordinator yet."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": group, "reconnect.backoff.max.ms": 500})
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while True:
            try:
                return ask(consumer)
            except KafkaException as error:
                if error.args[0].name() not in NO_COORDINATOR_YET or time.monotonic() > deadline:
                    raise
    finally:
        consumer.close()


def described(broker, group):
    """The state, the type and the members of a group as an admin client sees them."""
    admin = AdminClient({"bootstrap.servers": broker.address})
    return admin.describe_consumer_groups([group], request_timeout=30)[group].result(30)
