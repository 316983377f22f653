"""Groups of real consumers: they grow and shrink under load while the broker is killed, and no record has two owners."""
import os

import pytest
from confluent_kafka import Consumer

import clients
import groups

PARTITIONS = 20
MEMBERS = int(os.environ.get("GROUP_MEMBERS", 10))
RATE = int(os.environ.get("GROUP_RATE", 1000))
ROUNDS = int(os.environ.get("GROUP_ROUNDS", 1))


# To aiokafka, which asks again at once, Apache Kafka was seen to answer older offsets than it had acknowledged.
KINDS = [
    pytest.param(kind, id=kind.name_of_client, marks=pytest.mark.martlet if kind is groups.AIOKafkaMember else ())
    for kind in groups.KINDS]


@pytest.fixture
def broker(make_broker):
    return make_broker(settings=groups.SETTINGS).start()


@pytest.mark.timeout(300 * ROUNDS)
@pytest.mark.parametrize("kind", KINDS)
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


def test_a_group_moves_to_the_consumer_protocol_and_back_under_load(broker):
    clients.create_topic(broker, "orders", 6)
    load = groups.Load(broker, "orders", 6, RATE)
    group = groups.Group(broker, "workers", "orders", 6, groups.ClassicMember)
    group.grow(3)
    group.settle()
    assert groups.described(broker, "workers").type.name == "CLASSIC"
    for to in (groups.ConsumerProtocolMember, groups.ClassicMember):
        for step in range(3):
            group.grow(1, to)
            group.settle()
            group.shrink(1)
            group.settle()
            group.progress()
            if step == 0:
                assert groups.described(broker, "workers").type.name == "CONSUMER"
                group.restart_broker()
                group.progress()
    assert groups.described(broker, "workers").type.name == "CLASSIC"
    group.finish(load.stop())


def test_a_group_stays_classic_when_its_assignor_has_data_of_its_own(broker):
    """So has librdkafka's cooperative-sticky one, from the second rebalance on."""
    clients.create_topic(broker, "orders", 6)
    load = groups.Load(broker, "orders", 6, RATE)
    group = groups.Group(broker, "workers", "orders", 6, groups.CooperativeMember)
    for _ in range(2):
        group.grow(1)
        group.settle()
    before = dict(group.journal.owners)
    refused = Consumer({"bootstrap.servers": broker.address, "group.id": "workers", "group.protocol": "consumer"})
    refused.subscribe(["orders"])
    error = refused.poll(groups.PATIENCE_SECONDS).error()
    assert error.name() == "_FATAL" and "The group id does not exist" in error.str()
    refused.close()
    group.progress()
    assert all(group.journal.owners[place] is owner for place, owner in before.items())
    assert groups.described(broker, "workers").type.name == "CLASSIC"
    group.finish(load.stop())


@pytest.mark.parametrize("kind", [groups.ClassicMember, groups.ConsumerProtocolMember], ids=["classic", "consumer"])
def test_a_static_member_comes_back_to_its_partitions_and_nobody_else_notices(broker, kind):
    clients.create_topic(broker, "orders", 6)
    load = groups.Load(broker, "orders", 6, RATE)
    group = groups.Group(broker, "workers", "orders", 6, kind)
    names = ["first", "second", "third"]
    for name in names:
        group.start(name, **{"group.instance.id": name})
    group.settle()
    group.progress()
    for restart in (False, True):
        before = dict(group.journal.owners)
        group.members.pop("second").leave()
        if restart:
            group.restart_broker()
        group.start("second", **{"group.instance.id": "second"})
        group.settle()
        group.progress()
        after = group.journal.owners
        assert {place: owner.member for place, owner in before.items()} == {
            place: owner.member for place, owner in after.items()}
        assert all(after[place] is owner for place, owner in before.items() if owner.member != "second")
    assert sorted(member.group_instance_id for member in groups.described(broker, "workers").members) == sorted(names)
    group.finish(load.stop())


def test_a_pattern_is_matched_by_the_broker_and_takes_in_new_topics(broker):
    clients.create_topic(broker, "events-a", 2)
    clients.create_topic(broker, "others", 2)
    group = groups.Group(broker, "readers", "events-a", 2, groups.ConsumerProtocolMember, "^events-[ab]")
    group.grow(2)
    group.settle()
    clients.create_topic(broker, "events-b", 2)
    clients.create_topic(broker, "more-events-b", 2)
    group.partitions += [("events-b", 0), ("events-b", 1)]
    group.settle()
    assert group.journal.owners.keys() == set(group.partitions)
    group.restart_broker()
    load = groups.Load(broker, "events-b", 2, RATE)
    group.journal.wait_until(
        lambda: all(group.journal.acknowledged["events-b", partition] > 0 for partition in range(2)), "both are read")
    group.finish(load.stop())


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
