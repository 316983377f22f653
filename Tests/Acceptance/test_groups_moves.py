"""What moves when members come and go: no more than has to, and nobody stops for what stays."""
import asyncio
import struct

import pytest

import clients
import group_protocol as groups
from group_protocol import MEMBER_ID_REQUIRED, NONE, REBALANCE

PARTITIONS, MEMBERS = 100, 10
SETTINGS = {"group.consumer.assignment.interval.ms": 0, "group.initial.rebalance.delay.ms": 0}


class Story:
    """A group of KIP-848 whose members are heard of in turn, as often as it takes."""

    def __init__(self, broker, connection, assignor):
        self.broker, self.connection, self.assignor = broker, connection, assignor
        self.members = []

    async def join(self):
        member = groups.ConsumerMember(self.broker, self.assignor, "t", self.assignor)
        self.members.append(member)
        return await self.settled()

    async def leave(self, member):
        await member.leave(self.connection)
        self.members.remove(member)
        return await self.settled()

    async def settled(self):
        """Who had what, and has it, by member, when all are where they should be."""
        before = {member: set(member.owned) for member in self.members}
        for member in self.members:
            member.revoked.clear()
        for _ in range(20):
            for member in self.members:
                assert await member.step(self.connection) == NONE
                self.check_exclusive()
            described = (await self.connection.ask("ConsumerGroupDescribe", 1, groupIds=[self.assignor]))["groups"][0]
            if described["groupState"] == "Stable" and {member.generation for member in self.members} == {described["groupEpoch"]}:
                break
        assert described["groupState"] == "Stable"
        after = {member: set(member.owned) for member in self.members}
        for member in self.members:
            assert member.joins == 1, "it was fenced"
            # It gave up what it has no longer, once, and nothing of what it has.
            assert sorted(member.revoked) == sorted(before[member] - after[member])
        assert len(set().union(*after.values())) == PARTITIONS
        return before, after

    def check_exclusive(self):
        total = sum(len(member.owned) for member in self.members)
        assert len(set().union(*(member.owned for member in self.members))) == total, "a partition has two owners"


def ranges(members):
    """What the range assignor gives to each."""
    share, longer = divmod(PARTITIONS, len(members))
    given, start = {}, 0
    for place, member in enumerate(sorted(members, key=lambda member: member.id)):
        end = start + share + (place < longer)
        given[member], start = set(range(start, end)), end
    return given


def moved(before, after):
    return sum(len(after[member] - before[member]) for member in after)


def is_balanced(after):
    counts = [len(owned) for owned in after.values()]
    return max(counts) - min(counts) <= 1


@pytest.mark.parametrize("assignor", ["uniform", "range"])
def test_only_what_must_move_moves(make_broker, assignor):
    broker = make_broker(settings=SETTINGS).start()
    clients.create_topic(broker, "t", PARTITIONS)

    async def story():
        connection = await groups.Connection.open(broker)
        await groups.ready(connection, assignor)
        told = Story(broker, connection, assignor)
        for number in range(1, MEMBERS + 1):
            before, after = await told.join()
            check(before, after, PARTITIONS // number)
        while len(told.members) > 1:
            left = told.members[len(told.members) // 2]
            gone = len(left.owned)
            before, after = await told.leave(left)
            check(before, after, gone)

    def check(before, after, fewest):
        assert is_balanced(after)
        if assignor == "uniform":
            assert moved(before, after) == fewest
        else:
            assert {member: {number for _, number in owned} for member, owned in after.items()} == ranges(after)
        moves.append(moved(before, after))
        least.append(fewest)

    moves, least = [], []
    asyncio.run(story())
    print(f"\nMOVES {assignor}: {sum(moves)}, the least for balance is {sum(least)}; by step {moves}")


def subscription(owned, generation):
    """Of version 3: what the member owns, and since when."""
    content = struct.pack(">hi", 3, 1) + string("t") + struct.pack(">i", -1)
    content += struct.pack(">i", 1) + string("t") + struct.pack(f">i{len(owned)}i", len(owned), *owned)
    return content + struct.pack(">i", generation) + string("rack-1")


def string(text):
    return struct.pack(">h", len(text)) + text.encode()


class Cooperative:
    """A member of a classic group that gives up partitions only in the generation after the one that asked for it."""

    def __init__(self, connection):
        self.connection, self.id, self.generation, self.owned = connection, "", -1, []

    async def join(self):
        metadata = subscription(self.owned, self.generation)
        joined = await self.connection.ask(
            "JoinGroup", 9, groupId="g", memberId=self.id, sessionTimeoutMs=30_000, rebalanceTimeoutMs=30_000,
            protocolType="consumer", protocols=[{"name": "cooperative-sticky", "metadata": metadata}])
        if joined["errorCode"] == MEMBER_ID_REQUIRED:
            self.id = joined["memberId"]
            return await self.join()
        assert joined["errorCode"] == NONE
        self.generation = joined["generationId"]
        return joined

    async def sync(self, assignments=None):
        rows = [{"memberId": member, "assignment": assignment} for member, assignment in (assignments or {}).items()]
        synced = await self.connection.ask(
            "SyncGroup", 5, groupId="g", memberId=self.id, generationId=self.generation, protocolType="consumer",
            protocolName="cooperative-sticky", assignments=rows)
        assert synced["errorCode"] == NONE
        return synced["assignment"]

    async def heartbeat(self):
        answer = await self.connection.ask("Heartbeat", 4, groupId="g", memberId=self.id, generationId=self.generation)
        return answer["errorCode"]


def test_a_cooperative_rebalance_of_two_generations(make_broker):
    """The members agree; the broker hands on what each says of itself as it is, and gathers them at once, twice."""
    broker = make_broker(settings=SETTINGS).start()
    clients.create_topic(broker, "t", 4)

    async def story():
        first, second = [Cooperative(await groups.Connection.open(broker)) for _ in range(2)]
        await groups.ready(first.connection, "g")
        await first.join()
        assert await first.sync({first.id: b"all"}) == b"all"
        first.owned = [0, 1, 2, 3]
        joining = asyncio.create_task(second.join())
        while await first.heartbeat() != REBALANCE:
            await asyncio.sleep(0.01)
        # While the others are gathered the member goes on with all that it has, and may commit.
        commit = groups.commit_frame("g", "t", {3: 7}, member=first.id, generation=first.generation)
        first.connection.writer.write(commit)
        assert groups.commit_errors(await first.connection.answer("OffsetCommit", 8)) == {NONE}
        generation = first.generation
        joined = await first.join()
        await joining
        assert {row["memberId"]: row["metadata"] for row in joined["members"]} == {
            first.id: subscription([0, 1, 2, 3], generation), second.id: subscription([], -1)}
        synced = asyncio.create_task(second.sync())
        assert await first.sync({first.id: b"half", second.id: b""}) == b"half"
        assert await synced == b""
        # It has given up the half, and joins again at once; the other one learns of it by its heartbeat.
        first.owned = [0, 1]
        joining = asyncio.create_task(first.join())
        while await second.heartbeat() != REBALANCE:
            await asyncio.sleep(0.01)
        await second.join()
        joined = await joining
        assert joined["generationId"] == generation + 2
        synced = asyncio.create_task(second.sync())
        assert await first.sync({first.id: b"half", second.id: b"other half"}) == b"half"
        assert await synced == b"other half"
        assert [await member.heartbeat() for member in (first, second)] == [NONE, NONE]

    asyncio.run(story())
