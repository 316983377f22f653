"""Groups of real consumers: they grow and shrink under load while the broker is killed, and no record has two owners."""
import os

import pytest

import clients
import groups

PARTITIONS = 20
MEMBERS = int(os.environ.get("GROUP_MEMBERS", 10))
RATE = int(os.environ.get("GROUP_RATE", 1000))
ROUNDS = int(os.environ.get("GROUP_ROUNDS", 1))


@pytest.fixture
def broker(make_broker):
    return make_broker(settings=groups.SETTINGS).start()


@pytest.mark.timeout(300 * ROUNDS)
@pytest.mark.parametrize("kind", groups.KINDS, ids=lambda kind: kind.name_of_client)
def test_a_group_grows_and_shrinks_under_load_while_the_broker_is_killed(broker, kind):
    clients.create_topic(broker, "orders", PARTITIONS)
    load = groups.Load(broker, "orders", PARTITIONS, RATE)
    group = groups.Group(broker, "workers", "orders", PARTITIONS, kind)
    group.grow(1)
    group.settle()
    group.progress()
    for _ in range(ROUNDS):
        moves = group.journal.moves
        group.grow(MEMBERS - len(group.members))
        group.journal.wait_until(lambda: group.journal.moves > moves, "the rebalance begins")
        group.restart_broker()
        group.settle()
        group.progress()
        group.restart_broker()
        group.progress()
        group.shrink(MEMBERS - 3)
        group.settle()
        group.progress()
    count = load.stop()
    group.finish(count)
    print(f"{kind.name_of_client}: {count} records, {group.journal.processed_twice} of them processed twice, "
          f"{group.started} members, {len(group.journal.generations)} ownerships")


PLACE = ("orders", 0)
RECORDS = [(offset, b"%08d" % offset) for offset in range(4)]
FAULTS = {
    "two owners": lambda journal: (journal.assigned("a", 1, [PLACE]), journal.assigned("b", 2, [PLACE])),
    "two owners in a generation": lambda journal: (
        journal.assigned("a", 1, [PLACE]), journal.revoked("a"), journal.assigned("b", 1, [PLACE])),
    "a record of nobody": lambda journal: journal.processed("a", PLACE, *RECORDS[0]),
    "a record of another": lambda journal: (journal.assigned("a", 1, [PLACE]), journal.processed("b", PLACE, *RECORDS[0])),
    "a lost record": lambda journal: (
        journal.assigned("a", 1, [PLACE]), journal.processed("a", PLACE, *RECORDS[0]),
        journal.processed("a", PLACE, *RECORDS[2])),
    "a lost commit": lambda journal: (
        journal.assigned("a", 1, [PLACE]), journal.processed("a", PLACE, *RECORDS[0]), journal.committed({PLACE: 1}),
        journal.revoked("a"), journal.assigned("b", 2, [PLACE]), journal.processed("b", PLACE, *RECORDS[0])),
    "a commit ahead": lambda journal: (
        journal.assigned("a", 1, [PLACE]), journal.processed("a", PLACE, *RECORDS[0]), journal.revoked("a"),
        journal.assigned("b", 2, [PLACE]), journal.processed("b", PLACE, *RECORDS[2])),
}


@pytest.mark.parametrize("deed", FAULTS.values(), ids=FAULTS.keys())
def test_the_journal_notices(deed):
    journal = groups.Journal()
    deed(journal)
    assert len(journal.faults) == 1
