"""Groups in number: 1,000 members over a kill, with a million commits to load."""
import asyncio
import contextlib
import os
import time
from pathlib import Path

import pytest

import clients
import group_protocol as groups
from group_protocol import NONE

GROUPS, MEMBERS = 200, 5
PAGE_CACHE = {"log.flush.interval.messages": 1 << 62, "group.initial.rebalance.delay.ms": 0}


@contextlib.asynccontextmanager
async def running(members):
    tasks = [asyncio.create_task(member.run()) for member in members]
    try:
        yield
        ended = [task for task in tasks if task.done()]
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def all_stable(broker, members, since):
    """Waits until every member has been told that all is well, in a group that is stable with all of its members."""
    by_group = {}
    for member in members:
        by_group.setdefault(member.group, []).append(member)

    def are_well():
        return all(
            member.well_at > since and member.generation == same[0].generation > 0 for same in by_group.values()
            for member in same)

    connection = await groups.Connection.open(broker)
    deadline = time.monotonic() + 60
    while True:
        await groups.until(are_well, what="a heartbeat of every member")
        if (await groups.states(connection))["Stable"] == len(by_group):
            break
        assert time.monotonic() < deadline, await groups.states(connection)
    connection.close()
    return time.monotonic() - since


async def commit_a_million(broker):
    """1,000 partitions, five times by each group. What is sent differs in the group alone, and the answers in nothing."""
    connection = await groups.Connection.open(broker)
    names = [f"loaded-{number:03}" for number in range(GROUPS)]
    for name in names:
        await groups.ready(connection, name)
    rounds = [groups.commit_frame(names[0], "wide", dict.fromkeys(range(1_000), number)) for number in range(5)]
    frames = (content.replace(names[0].encode(), name.encode()) for name in names for content in rounds)
    answers = {answer async for answer in connection.pour(frames)}
    assert [groups.commit_errors(groups.parse("OffsetCommit", 8, answer)) for answer in answers] == [{NONE}]
    connection.close()


async def committed(broker, group):
    connection = await groups.Connection.open(broker)
    answer = await connection.ask("OffsetFetch", 8, groups=[{"groupId": group, "topics": None}])
    connection.close()
    return [row["committedOffset"] for topic in answer["groups"][0]["topics"] for row in topic["partitions"]]


def cpu_seconds(broker):
    fields = Path(f"/proc/{broker.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def kill_and_start(broker, members, what):
    """The processor's seconds that the broker took until everybody was well again."""
    joins = sum(member.joins for member in members)
    broker.kill()
    killed = time.monotonic()
    await asyncio.to_thread(broker.start)
    started = time.monotonic()
    seconds = await all_stable(broker, members, killed)
    assert sum(member.joins for member in members) == joins, "nobody had to join anew"
    cpu = cpu_seconds(broker)
    print(f"STABLE {seconds:.2f} s after the kill, {seconds - started + killed:.2f} s after the start, {cpu:.2f} s of CPU: "
          f"{GROUPS} groups of {MEMBERS}, {what}")
    return cpu


@pytest.mark.parametrize("kind", [groups.ClassicMember, groups.ConsumerMember])
def test_1_000_members_are_stable_soon_after_a_kill(make_broker, kind):
    broker = make_broker(settings=PAGE_CACHE).start()
    clients.create_topic(broker, "t", 10)
    clients.create_topic(broker, "wide", 1_000)

    async def story():
        connection = await groups.Connection.open(broker)
        await groups.ready(connection, "group-0")
        members = [kind(broker, f"group-{number}", "t") for number in range(GROUPS) for _ in range(MEMBERS)]
        async with running(members):
            began = time.monotonic()
            print(f"\nSTABLE {await all_stable(broker, members, began):.2f} s after the first joined, {kind.__name__}")
            # Of the processor, since it is not known who else uses it.
            assert await kill_and_start(broker, members, "nothing else") < 4
            await commit_a_million(broker)
            assert await kill_and_start(broker, members, "1,000,000 commits") < 8
        for number in (0, GROUPS - 1):
            assert await committed(broker, f"loaded-{number:03}") == [4] * 1_000

    asyncio.run(story())
