"""What hostile members and committers cost, and what they are answered."""
import asyncio
import collections
import itertools
import struct
import time

import pytest

import clients
import group_protocol as groups
from group_protocol import FULL, NONE, commit_errors, commit_frame, frame, parse
from hostile import MIB, Peer
from test_bounds import KEPT, ONE, attack

pytestmark = pytest.mark.martlet

SERVER_ERROR, METADATA_TOO_LARGE, MEMBER_ID_REQUIRED, BAD_EXPRESSION = -1, 12, 79, 128
QUICK = {"group.min.session.timeout.ms": 100, "group.max.session.timeout.ms": 600_000}


async def connect(broker, *names):
    connection = await groups.Connection.open(broker)
    for name in names or ["g"]:
        await groups.ready(connection, name)
    return connection


def join_frame(group, version=5, session=30_000, rebalance=30_000, member="", metadata=b""):
    return frame("JoinGroup", version, {
        "groupId": group, "sessionTimeoutMs": session, "rebalanceTimeoutMs": rebalance, "memberId": member,
        "protocolType": "consumer", "protocols": [{"name": "range", "metadata": metadata}]})


async def state(connection, group):
    return (await connection.ask("DescribeGroups", 5, groups=[group]))["groups"][0]["groupState"]


async def errors(connection, api, version, frames):
    """How often the answers have which error."""
    return collections.Counter([
        parse(api, version, answer)["errorCode"] async for answer in connection.pour(frames, 256)])


def test_10_000_who_join_and_never_come_back(make_broker):
    """Ids are handed out to as many as the group may have, and forgotten with the session that was asked for."""
    broker = make_broker(settings=QUICK).start()

    async def story():
        connection = await connect(broker)
        joins = [join_frame("g", session=3_000)] * 10_000
        assert await errors(connection, "JoinGroup", 5, joins) == {MEMBER_ID_REQUIRED: 2_000, FULL: 8_000}
        deadline = time.monotonic() + 30
        while await errors(connection, "JoinGroup", 5, joins[:1]) != {MEMBER_ID_REQUIRED: 1}:
            assert time.monotonic() < deadline, "they are remembered"
            await asyncio.sleep(0.1)

    with attack(broker, "10,000 joins without an id"):
        asyncio.run(story())


def test_3_000_who_join_and_hang_up(make_broker):
    """Of version 3, which makes a member of everybody at once."""
    broker = make_broker(settings={**QUICK, "group.max.size": 1_000, "group.initial.rebalance.delay.ms": 3_000}).start()
    content = join_frame("g", 3, rebalance=1_000, metadata=bytes(10_000))

    async def ends():
        connection = await connect(broker)
        assert await state(connection, "g") != "Empty"
        deadline = time.monotonic() + 60
        while await state(connection, "g") != "Empty":
            assert time.monotonic() < deadline, "they are remembered"
            await asyncio.sleep(0.1)

    with attack(broker, "3,000 joins that are never read", 64 * MIB) as memory:
        asyncio.run(connect_only(broker))
        peers = [Peer(broker) for _ in range(3_000)]
        for peer in peers:
            peer.send(content)
        for peer in peers[-100:]:
            assert parse("JoinGroup", 3, peer.answer())["errorCode"] == FULL
        for peer in peers:
            peer.close()
        asyncio.run(ends())
    memory.settles(2 * KEPT)


async def connect_only(broker):
    (await connect(broker)).close()


def test_100_000_groups_of_committers(make_broker):
    broker = make_broker(settings={"log.flush.interval.messages": 1 << 62}).start()
    clients.create_topic(broker, "t")

    async def story():
        connection = await connect(broker, *(f"group-{number:06}" for number in range(200)))
        first = commit_frame("group-000000", "t", {0: 1})
        frames = (first.replace(b"group-000000", b"group-%06d" % number) for number in range(100_000))
        answers = {answer async for answer in connection.pour(frames, 256)}
        assert [commit_errors(parse("OffsetCommit", 8, answer)) for answer in answers] == [{NONE}]

    with attack(broker, "100,000 groups by commits", 160 * MIB):
        asyncio.run(story())


def test_100_000_groups_of_joiners_come_and_go(make_broker):
    broker = make_broker(settings={**QUICK, "offsets.retention.check.interval.ms": 1_000}).start()

    async def story():
        connection = await connect(broker, *(f"group-{number:06}" for number in range(200)))
        first = join_frame("group-000000", session=2_000)
        frames = (first.replace(b"group-000000", b"group-%06d" % number) for number in range(100_000))
        async for answer in connection.pour(frames, 256):
            assert struct.unpack_from(">h", answer, 8)[0] == MEMBER_ID_REQUIRED
        deadline = time.monotonic() + 60
        while (await groups.states(connection)).total():
            assert time.monotonic() < deadline, "they are remembered"
            await asyncio.sleep(0.2)

    with attack(broker, "100,000 groups by joins", 160 * MIB):
        asyncio.run(story())


def test_words_that_are_too_long(broker):
    clients.create_topic(broker, "t")

    async def story():
        connection = await connect(broker, "g" * 32_767)

        async def commit(group, metadata=""):
            connection.writer.write(commit_frame(group, "t", {0: 1}, metadata))
            return commit_errors(await connection.answer("OffsetCommit", 8))

        for _ in range(20):
            assert await commit("g", "m" * 4_096) == {NONE}
            assert await commit("g", "m" * 4_097) == {METADATA_TOO_LARGE}
            assert await commit("g", "m" * 1_000_000) == {METADATA_TOO_LARGE}
            assert await commit("g" * 32_767) == {NONE}
            # No record has room for it.
            assert await commit("g" * 32_768) == {SERVER_ERROR}
            assert await commit("g" * 1_000_000) == {SERVER_ERROR}

    with attack(broker, "long words"):
        asyncio.run(story())


def heartbeat_frame(group, member, **values):
    return frame("ConsumerGroupHeartbeat", 1, {
        "groupId": group, "memberId": member, "rebalanceTimeoutMs": 30_000, "topicPartitions": [], **values})


def test_subscriptions_that_are_too_large(broker):
    """A member whose record no log takes is refused, and nobody else: commits of the same moment are stored."""
    clients.create_topic(broker, "t")
    many = [f"topic-{number:05}" for number in range(5_000)]
    long = [f"{number:0249}" for number in range(5_000)]

    async def story():
        connection, other = await connect(broker), await connect(broker)
        for number in range(20):
            connection.writer.write(
                heartbeat_frame("g", f"long-{number}", subscribedTopicNames=long)
                + heartbeat_frame("g", f"many-{number}", subscribedTopicNames=many))
            other.writer.write(commit_frame("g2", "t", {0: 1}))
            assert (await connection.answer("ConsumerGroupHeartbeat", 1))["errorCode"] == SERVER_ERROR
            assert (await connection.answer("ConsumerGroupHeartbeat", 1))["errorCode"] == NONE
            assert commit_errors(await other.answer("OffsetCommit", 8)) == {NONE}
        described = await connection.ask("ConsumerGroupDescribe", 1, groupIds=["g"])
        assert {row["memberId"] for row in described["groups"][0]["members"]} == {f"many-{n}" for n in range(20)}

    with attack(broker, "subscriptions of 5,000 topics", 64 * MIB):
        asyncio.run(story())


def test_expressions_that_mean_harm(broker):
    for number in range(20):
        clients.create_topic(broker, "a" * 200 + str(number))
    bombs = [
        "(((a{100}){100}){100})", "((a?){500}){500}", "(" * 2_000 + "a" + ")" * 2_000, "[a", "(?P<n>a)(?P<n>b)", "a**" * 9,
        "|".join("a" * 200 + str(n) for n in range(1_000))]
    slow = ["(a+)+$", "(a|a)*b", "(.*)*" + "a" * 100]

    async def story():
        connection = await connect(broker)
        for number, expression in enumerate(itertools.chain(bombs, slow)):
            connection.writer.write(heartbeat_frame("g", f"m{number}", subscribedTopicRegex=expression))
            error = (await connection.answer("ConsumerGroupHeartbeat", 1))["errorCode"]
            assert error == NONE if expression in slow else error in (NONE, SERVER_ERROR, BAD_EXPRESSION), expression

    with attack(broker, "expressions"):
        asyncio.run(story())


def test_assignments_that_are_too_large(make_broker):
    broker = make_broker(settings={"group.initial.rebalance.delay.ms": 0}).start()

    async def story():
        connection = await connect(broker)
        connection.writer.write(join_frame("g", 3))
        joined = await connection.answer("JoinGroup", 3)
        assert joined["errorCode"] == NONE
        rows = [{"memberId": joined["memberId"] if number == 0 else str(number), "assignment": bytes(MIB)} for number in range(40)]
        synced = await connection.ask(
            "SyncGroup", 3, groupId="g", generationId=joined["generationId"], memberId=joined["memberId"], assignments=rows)
        assert synced["errorCode"] == SERVER_ERROR
        assert await state(connection, "g") == "PreparingRebalance"
        connection.writer.write(join_frame("g", 3, member=joined["memberId"]))
        again = await connection.answer("JoinGroup", 3)
        synced = await connection.ask(
            "SyncGroup", 3, groupId="g", generationId=again["generationId"], memberId=joined["memberId"],
            assignments=[{"memberId": joined["memberId"], "assignment": b"fits"}])
        assert (synced["errorCode"], synced["assignment"]) == (NONE, b"fits")

    with attack(broker, "40 assignments of 1 MiB", 3 * 40 * MIB + ONE) as memory:
        asyncio.run(story())
    memory.settles(2 * KEPT)


def test_groups_and_offsets_that_are_named_20_000_times(broker):
    """They are answered a few times: some bytes of the request would else ask for a megabyte each."""
    clients.create_topic(broker, "t", 1)

    async def story():
        connection = await connect(broker)
        connection.writer.write(join_frame("g", 3, metadata=bytes(MIB // 2)))
        joined = await connection.answer("JoinGroup", 3)
        await connection.ask(
            "SyncGroup", 3, groupId="g", generationId=joined["generationId"], memberId=joined["memberId"],
            assignments=[{"memberId": joined["memberId"], "assignment": b"a"}])
        answer = await connection.ask("DescribeGroups", 5, groups=["g"] * 20_000)
        assert [(group["groupId"], len(group["members"])) for group in answer["groups"]] == [("g", 1)] * 8
        answer = await connection.ask("ConsumerGroupDescribe", 0, groupIds=["none"] * 20_000)
        assert [group["groupId"] for group in answer["groups"]] == ["none"] * 8
        connection.writer.write(commit_frame("simple", "t", {0: 1}, "m" * 4_096))
        assert commit_errors(await connection.answer("OffsetCommit", 8)) == {NONE}
        rows = [{"name": "t", "partitionIndexes": [0]}] * 100
        answer = await connection.ask("OffsetFetch", 8, groups=[{"groupId": "simple", "topics": rows}] * 4)
        assert [group["groupId"] for group in answer["groups"]] == ["simple"]
        assert [topic["partitions"] != [] for topic in answer["groups"][0]["topics"]] == [True] + [False] * 399

    with attack(broker, "groups and offsets named 20,000 times"):
        asyncio.run(story())
