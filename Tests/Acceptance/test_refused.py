"""What refused requests leave behind: a broker that has had thousands of them answers a client as a fresh one does."""
import random
import struct
import urllib.request

import lz4.frame
import pytest

import brokers
import clients
import frames
import schemas
from group_protocol import APIS, frame, parse
from hostile import BOMBS, GZIP, LZ4, MIB, SNAPPY, ZSTD, Peer, batch, produce, record
from raw import Raw

pytestmark = pytest.mark.martlet
# What no two brokers have in common, and the order of what has none.
OWN = {
    "topicId", "memberId", "clusterId", "port", "logDir", "usableBytes", "totalBytes", "finalizedFeaturesEpoch", "sessionId",
    "leader", "producerId"}
CODECS = {0: bytes, **{codec: frames.PACKERS[codec] for codec in (GZIP, SNAPPY, LZ4, ZSTD)}}
SETTINGS = {"group.initial.rebalance.delay.ms": 0, "martlet.shards": 2, "auto.create.topics.enable": "false"}


def test_a_broker_that_refused_much_answers_as_a_fresh_one(make_broker):
    ports = brokers.free_ports(2)
    fresh, abused = (
        make_broker(name, settings={**SETTINGS, "martlet.http.listeners": f"127.0.0.1:{port}"}).start()
        for name, port in zip(("fresh", "abused"), ports))
    for broker in (fresh, abused):
        clients.create_topic(broker, "good", 2)
        clients.wait_until(lambda: ask(broker, "FindCoordinator", 3, key="group")["errorCode"] == 0)
        clients.wait_until(lambda: ask(broker, "OffsetFetch", 5, groupId="group", topics=[])["errorCode"] == 0)
    sent = abuse(abused)
    expected, found = play(fresh), play(abused)
    print(f"{sent} requests before {len(found)} answers")
    for (what, right), (_, answer) in zip(expected, found):
        assert masked(answer) == masked(right), what
    clients.wait_until(lambda: memory(ports[1]) == 0)


def ask(broker, api, version, **values):
    with Peer(broker) as peer:
        return parse(api, version, peer.ask(frame(api, version, values)))


def memory(port):
    """What connections own of the memory budget."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).read().decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("martlet_memory_used_bytes "))


def masked(value):
    if isinstance(value, dict):
        return {name: None if name in OWN else masked(inner) for name, inner in value.items()}
    return sorted(map(masked, value), key=repr) if isinstance(value, list) else value


# What is refused


def abuse(broker):
    """How many requests were sent."""
    dice, sent = random.Random(7), 0
    for content in [*malformed(broker, dice), *half_good(), *bad_batches(dice)]:
        with Peer(broker) as peer:
            peer.send(content)
            peer.socket.shutdown(1)
            while peer.answer() is not None:
                pass
        sent += 1
    return sent


def malformed(broker, dice):
    """Each request with nothing and with nonsense in it, cut off and changed."""
    raw = Raw(broker)
    served = raw.api_versions()[1]
    raw.close()
    for request in schemas.requests().values():
        if request.key not in served:
            continue
        for version in range(request.versions[0], request.versions[1] + 1):
            full = request.frame(version, {
                path: schemas.count(1, request.is_flexible(version) and not each.is_classic) + request.element(each, version)
                for path, each in request.fields(version, lambda field: field.is_array) if len(path) == 1})[4:]
            # No client id and no topic of the script is in them, so that nothing of it can be meant.
            yield from (schemas.sized(full), request.frame(version))
            head = len(request.header(version))
            for _ in range(3):
                yield schemas.sized(full[:dice.randrange(4, len(full))])
                yield schemas.sized(full[:head] + frames.change_bytes(dice, full[head:] or b"\0", []))
            yield struct.pack(">i", len(full) + 100) + full


def half_good():
    """What is refused in part, or is only checked."""
    good = {"name": "good"}
    bad_setting = [{"name": "retention.ms", "value": "1000"}, {"name": "segment.bytes", "value": "-5"}]
    resource = {"resourceType": 2, "resourceName": "good", "configs": bad_setting}
    quota = {"entity": [{"entityType": "client-id", "entityName": "groups"}],
             "ops": [{"key": "producer_byte_rate", "value": 1.0}, {"key": "none", "value": 1.0}]}
    new = {"name": "next", "numPartitions": 1, "replicationFactor": 1}
    member = {"groupId": "group", "memberId": "nobody", "generationId": 3}
    protocols = [{"name": "range", "metadata": b"\0"}]
    join = {"groupId": "group", "protocolType": "consumer", "rebalanceTimeoutMs": 60_000}
    offsets = [{"name": "good", "partitions": [{"partitionIndex": 0, "committedOffset": 9}]}]
    requests = [
        ("AlterConfigs", {"resources": [resource]}), ("IncrementalAlterConfigs", {"resources": [resource]}),
        ("IncrementalAlterConfigs", {"resources": [{**resource, "configs": bad_setting[:1]}], "validateOnly": 1}),
        ("AlterClientQuotas", {"entries": [quota]}),
        ("AlterClientQuotas", {"entries": [{**quota, "ops": quota["ops"][:1]}], "validateOnly": 1}),
        ("CreateTopics", {"topics": [new], "validateOnly": 1}), ("CreateTopics", {"topics": [new, new]}),
        ("CreateTopics", {"topics": [{**new, "configs": bad_setting}]}),
        ("CreateTopics", {"topics": [{**new, "replicationFactor": 3}]}),
        ("CreatePartitions", {"topics": [{**good, "count": 1}]}),
        ("CreatePartitions", {"topics": [{**good, "count": 9}], "validateOnly": 1}),
        ("AlterReplicaLogDirs", {"dirs": [{"path": "/nowhere", "topics": [{**good, "partitions": [0]}]}]}),
        ("DeleteRecords", {"topics": [{**good, "partitions": [{"partitionIndex": 0, "offset": 99}]}]}),
        ("JoinGroup", {**join, "sessionTimeoutMs": 1, "protocols": protocols}),
        ("JoinGroup", {**join, "sessionTimeoutMs": 45_000, "memberId": "nobody", "protocols": protocols}),
        ("SyncGroup", {**member, "protocolType": "consumer", "protocolName": "range"}), ("Heartbeat", member),
        ("LeaveGroup", {"groupId": "group", "memberId": "nobody", "members": [{"memberId": "nobody"}]}),
        ("OffsetCommit", {**member, "generationIdOrMemberEpoch": 3, "topics": offsets}),
        ("ConsumerGroupHeartbeat", {
            "groupId": "group", "memberId": "nobody", "rebalanceTimeoutMs": 1000, "subscribedTopicNames": None,
            "subscribedTopicRegex": "[", "topicPartitions": []}),
        ("DeleteGroups", {"groupsNames": ["group", ""]}), ("OffsetDelete", {"groupId": "group", "topics": []}),
        ("Fetch", {"sessionId": 5, "sessionEpoch": 3, "topics": [{"topic": "good", "partitions": [{"partition": 0}]}]})]
    for api, values in requests:
        oldest, newest = APIS[api][0].versions
        for version in range(oldest, newest + 1):
            yield frame(api, version, values)


def bad_batches(dice):
    """Batches that cannot be unpacked, or to too much."""
    for codec, pack in CODECS.items():
        packed = pack(record(b"x" * 500))
        # What the last one leaves behind may be what the first ones do, or nothing.
        for place in (*range(1, len(packed), 7), *range(len(packed) - 1, 0, -7)):
            cut, changed = packed[:place], bytearray(packed)
            changed[place] ^= 1 << dice.randrange(8)
            yield from (produce("good", batch(content, codec)[:-1] + b"!") for content in (cut, bytes(changed)))
            if codec:
                yield produce("good", batch(cut, codec))
    yield from (produce("good", batch(make(MIB // 2), codec)) for codec, make in BOMBS.values())


# What is answered


# The first of lz4 does not say how much it holds, as those do that were refused.
SIZELESS = lz4.frame.compress(record(b"v" * 100), block_linked=False, store_size=False)
BATCHES = [batch(SIZELESS, LZ4), *(batch(pack(record(b"v" * 100)), codec) for codec, pack in CODECS.items())]
BATCHES += [batch(record(b"i"), 0, 77)] * 2


def play(broker):
    """What a client does, with what it is answered."""
    answers = []
    with Peer(broker) as peer:
        def tell(api, version, **values):
            answers.append((api, parse(api, version, peer.ask(frame(api, version, values)))))
            return answers[-1][1]

        for content in BATCHES:
            tell("Produce", 7, acks=-1, timeoutMs=30_000, topicData=[
                {"name": "good", "partitionData": [{"index": 0, "records": content}]}])
        part = {"partition": 0, "partitionMaxBytes": MIB, "currentLeaderEpoch": -1, "lastFetchedEpoch": -1}
        opened = tell("Fetch", 12, maxBytes=MIB, topics=[{"topic": "good", "partitions": [part]}], replicaId=-1)
        tell("Fetch", 12, maxBytes=MIB, sessionId=opened["sessionId"], sessionEpoch=1, topics=[], replicaId=-1)
        tell("ListOffsets", 5, topics=[{"name": "good", "partitions": [{"currentLeaderEpoch": -1, "timestamp": -1}]}])
        tell("CreateTopics", 5, topics=[{"name": "next", "numPartitions": 1, "replicationFactor": 1}], timeoutMs=30_000)
        tell("Metadata", 9, topics=None)
        tell("DescribeConfigs", 4, resources=[
            {"resourceType": 2, "resourceName": "good", "configurationKeys": None},
            {"resourceType": 4, "resourceName": "1", "configurationKeys": ["num.partitions", "message.max.bytes"]},
            {"resourceType": 8, "resourceName": "1", "configurationKeys": None}])
        tell("DescribeClientQuotas", 1, components=[])
        tell("InitProducerId", 4, transactionalId=None)
        member = {"groupId": "group", "memberId": tell(
            "JoinGroup", 3, groupId="group", protocolType="consumer", sessionTimeoutMs=45_000, rebalanceTimeoutMs=60_000,
            protocols=[{"name": "range", "metadata": b"\0\0"}])["memberId"], "generationId": 1}
        tell("SyncGroup", 2, assignments=[{"memberId": member["memberId"], "assignment": b"a"}], **member)
        tell("Heartbeat", 2, **member)
        tell("OffsetCommit", 7, generationIdOrMemberEpoch=1, topics=[
            {"name": "good", "partitions": [{"committedOffset": 3}]}], **member)
        tell("OffsetFetch", 5, groupId="group", topics=None)
        tell("DescribeGroups", 5, groups=["group"])
        tell("ListGroups", 4)
        tell("LeaveGroup", 2, **member)
        tell("DeleteGroups", 2, groupsNames=["group"])
        for api in ("DescribeProducers", "DescribeLogDirs", "DescribeCluster", "ListConfigResources"):
            tell(api, 1 if api in ("DescribeLogDirs", "ListConfigResources") else 0, topics=[
                {"name": "good", "partitionIndexes": [0, 1]}] if api == "DescribeProducers" else None)
        tell("ApiVersions", 0)
    return answers
