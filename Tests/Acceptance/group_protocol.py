"""Members of groups that speak the protocol themselves, hundreds of them on one thread."""
import asyncio
import collections
import struct
import time
import uuid

import notation

APIS = {request.name: (request, response) for request, response in notation.load().values()}
# Error codes.
NONE, LOADING, NOT_AVAILABLE, NOT_COORDINATOR = 0, 14, 15, 16
ILLEGAL_GENERATION, UNKNOWN_MEMBER, REBALANCE = 22, 25, 27
MEMBER_ID_REQUIRED, FULL, FENCED_EPOCH = 79, 81, 110
RETRIED = (LOADING, NOT_AVAILABLE, NOT_COORDINATOR)


class Reader(notation.Reader):
    """Strings are text."""

    def value(self, each):
        value = super().value(each)
        return value.decode() if each.type == "string" and value is not None else value


def encode(message, version, values, fields=None):
    """A message with these values by name; what is not named has its default."""
    compact = version >= message.flexible
    content, tags = bytearray(), []
    for each in message.fields if fields is None else fields:
        if not notation.within(each.versions, version):
            continue
        if each.tag is None or not compact:
            content += encode_field(message, version, each, values)
        elif each.name in values:
            inner = encode_field(message, version, each, values)
            tags.append((each.tag, inner))
    if compact:
        content += notation.unsigned_varint(len(tags))
        for tag, inner in sorted(tags):
            content += notation.unsigned_varint(tag) + notation.unsigned_varint(len(inner)) + inner
    return bytes(content)


def encode_field(message, version, each, values):
    compact = version >= message.flexible and not each.is_classic
    is_nullable = notation.within(each.nullable, version)
    value = values.get(each.name)
    if each.name not in values and not (is_nullable and each.default == "null"):
        value = standard(message, each)
    if each.is_array:
        if value is None:
            return size(None, ">i", compact)
        return size(len(value), ">i", compact) + b"".join(encode_value(message, version, each, item) for item in value)
    if value is None and each.type in message.structs:
        return b"\xff"
    mark = b"\x01" if is_nullable and each.type in message.structs else b""
    return mark + encode_value(message, version, each, value)


def standard(message, each):
    if each.is_array:
        return []
    if each.type in message.structs:
        return {}
    if each.type in notation.NUMBERS:
        return int(each.default) if each.default and each.default.lstrip("-").isdigit() else 0
    return bytes(16) if each.type == "uuid" else b""


def encode_value(message, version, each, value):
    if each.type in message.structs:
        return encode(message, version, value, message.structs[each.type])
    if each.type in notation.NUMBERS:
        return struct.pack(notation.NUMBERS[each.type], value)
    if each.type == "uuid":
        return value
    compact = version >= message.flexible and not each.is_classic
    content = value.encode() if isinstance(value, str) else value
    form = ">h" if each.type == "string" else ">i"
    return size(None if content is None else len(content), form, compact) + (content or b"")


def size(count, form, compact):
    if compact:
        return notation.unsigned_varint(0 if count is None else count + 1)
    return struct.pack(form, -1 if count is None else count)


def frame(api, version, values, correlation=1, client="groups"):
    """A request with its length."""
    message = APIS[api][0]
    head = struct.pack(">hhih", message.key, version, correlation, len(client)) + client.encode()
    content = head + (b"\0" if version >= message.flexible else b"") + encode(message, version, values)
    return struct.pack(">i", len(content)) + content


def parse(api, version, answer):
    """The values of an answer, by name."""
    message = APIS[api][1]
    return Reader(message, version, answer, at=5 if version >= message.flexible else 4).all()


class Connection:
    """One connection; questions are answered in the order in which they were asked."""

    def __init__(self, streams):
        self.reader, self.writer = streams

    @classmethod
    async def open(cls, broker):
        return cls(await asyncio.open_connection(broker.host, broker.port))

    async def ask(self, api, version, **values):
        self.writer.write(frame(api, version, values))
        return await self.answer(api, version)

    async def answer(self, api, version):
        return parse(api, version, await self.receive())

    async def receive(self):
        length = struct.unpack(">i", await self.reader.readexactly(4))[0]
        return await self.reader.readexactly(length)

    async def pour(self, frames, in_flight=16):
        """Sends many requests, some of them at a time; yields the answers as they are."""
        waiting = 0
        for content in frames:
            self.writer.write(content)
            waiting += 1
            if waiting >= in_flight:
                await self.writer.drain()
                yield await self.receive()
                waiting -= 1
        for _ in range(waiting):
            yield await self.receive()

    def close(self):
        self.writer.close()


async def ready(connection, group):
    """Waits until the coordinator of the group serves."""
    while True:
        found = await connection.ask("FindCoordinator", 4, coordinatorKeys=[group])
        if found["coordinators"][0]["errorCode"] == NONE:
            described = await connection.ask("DescribeGroups", 5, groups=[group])
            if described["groups"][0]["errorCode"] == NONE:
                return
        await asyncio.sleep(0.02)


async def states(connection):
    """How many groups are in which state."""
    while True:
        listed = await connection.ask("ListGroups", 5)
        if listed["errorCode"] == NONE:
            return collections.Counter(row["groupState"] for row in listed["groups"])
        await asyncio.sleep(0.02)


class Member:
    """A member that goes on, over disconnections and restarts, until it is cancelled."""

    heartbeat_seconds = 1

    def __init__(self, broker, group, topic):
        self.broker, self.group, self.topic = broker, group, topic
        self.id, self.generation = "", -1
        # When it asked, the last time that all was well, and how often it had to start anew.
        self.well_at, self.joins = 0, 0

    async def run(self):
        while True:
            connection = None
            try:
                connection = await Connection.open(self.broker)
                await self.serve(connection)
            except (ConnectionError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.05)
            finally:
                if connection:
                    connection.close()

    async def serve(self, connection):
        while True:
            asked_at = time.monotonic()
            error = await self.step(connection)
            if error == NONE:
                self.well_at = asked_at
                await asyncio.sleep(self.heartbeat_seconds)
            elif error in RETRIED:
                await asyncio.sleep(0.05)
            else:
                assert error in (REBALANCE, ILLEGAL_GENERATION, UNKNOWN_MEMBER, MEMBER_ID_REQUIRED, FENCED_EPOCH), error


class ClassicMember(Member):
    VERSION = {"JoinGroup": 5, "SyncGroup": 3, "Heartbeat": 3}

    async def ask(self, connection, api, **values):
        return await connection.ask(api, self.VERSION[api], groupId=self.group, memberId=self.id, **values)

    async def step(self, connection):
        if self.generation < 0:
            return await self.join(connection)
        error = (await self.ask(connection, "Heartbeat", generationId=self.generation))["errorCode"]
        if error in (REBALANCE, ILLEGAL_GENERATION, UNKNOWN_MEMBER):
            self.generation = -1
            if error == UNKNOWN_MEMBER:
                self.id = ""
        return error

    async def join(self, connection):
        self.joins += 1
        subscription = struct.pack(">hi", 0, 1) + struct.pack(">h", len(self.topic)) + self.topic.encode() + bytes(4)
        joined = await self.ask(
            connection, "JoinGroup", sessionTimeoutMs=30_000, rebalanceTimeoutMs=30_000, protocolType="consumer",
            protocols=[{"name": "range", "metadata": subscription}])
        if joined["errorCode"] in (MEMBER_ID_REQUIRED, NONE):
            self.id = joined["memberId"]
        elif joined["errorCode"] == UNKNOWN_MEMBER:
            self.id = ""
        if joined["errorCode"] != NONE:
            return joined["errorCode"]
        rows = [{"memberId": row["memberId"], "assignment": b"\0\0" + bytes(8)} for row in joined["members"]]
        synced = await self.ask(connection, "SyncGroup", generationId=joined["generationId"], assignments=rows)
        if synced["errorCode"] == NONE:
            self.generation = joined["generationId"]
        elif synced["errorCode"] == UNKNOWN_MEMBER:
            self.id = ""
        return synced["errorCode"]


class ConsumerMember(Member):
    """One of KIP-848: it gives up what it is told to give up at once."""

    def __init__(self, broker, group, topic, assignor=None):
        super().__init__(broker, group, topic)
        self.id, self.generation, self.assignor = str(uuid.uuid4()), 0, assignor
        self.owned = set()
        # Everything that it had to give up, over time.
        self.revoked = []

    async def step(self, connection):
        if self.generation == 0:
            self.joins += 1
            self.owned = set()
        answer = await connection.ask(
            "ConsumerGroupHeartbeat", 1, groupId=self.group, memberId=self.id, memberEpoch=self.generation,
            rebalanceTimeoutMs=30_000, subscribedTopicNames=[self.topic], serverAssignor=self.assignor,
            topicPartitions=rows(self.owned))
        error = answer["errorCode"]
        if error in (UNKNOWN_MEMBER, FENCED_EPOCH):
            self.generation = 0
        if error != NONE:
            return error
        self.generation = answer["memberEpoch"]
        if answer["assignment"]:
            given = {
                (row["topicId"], number) for row in answer["assignment"]["topicPartitions"]
                for number in row["partitions"]}
            self.revoked += sorted(self.owned - given)
            self.owned = given
        return NONE

    async def leave(self, connection):
        answer = await connection.ask(
            "ConsumerGroupHeartbeat", 1, groupId=self.group, memberId=self.id, memberEpoch=-1)
        assert answer["errorCode"] == NONE
        self.owned = set()


def rows(partitions):
    """Pairs of topic id and number, as requests have them."""
    topics = collections.defaultdict(list)
    for topic, number in sorted(partitions):
        topics[topic].append(number)
    return [{"topicId": topic, "partitions": numbers} for topic, numbers in topics.items()]


async def until(condition, seconds=60, what="what is waited for"):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        await asyncio.sleep(0.01)


def commit_frame(group, topic, offsets, metadata="", version=8, member="", generation=-1):
    """An OffsetCommit; `offsets` by partition."""
    partitions = [
        {"partitionIndex": number, "committedOffset": offset, "committedMetadata": metadata}
        for number, offset in offsets.items()]
    return frame("OffsetCommit", version, {
        "groupId": group, "memberId": member, "generationIdOrMemberEpoch": generation,
        "topics": [{"name": topic, "partitions": partitions}]})


def commit_errors(answer):
    return {row["errorCode"] for topic in answer["topics"] for row in topic["partitions"]}
