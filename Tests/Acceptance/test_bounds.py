"""What a hostile peer costs: memory stays within limits, and a bystander's records are right in the end."""
import contextlib
import itertools
import os
import resource
import struct
import time

import pytest

import clients
import hostile
import schemas
from hostile import MIB, Bystander, Memory, Peer, batch, produce, produce_error, record
from schemas import count, sized, varint

pytestmark = pytest.mark.martlet

# What one peer may cost, and what a thousand may.
ONE, THOUSAND = 32 * MIB, 512 * MIB
# What may be left a while after it is gone.
KEPT = 20 * MIB
# Error codes.
NONE, CORRUPT, TOO_LARGE, INVALID_TOPIC, INVALID_RECORD = 0, 2, 10, 17, 87
REQUESTS = schemas.requests()
PRODUCE, FETCH, LIST_OFFSETS, METADATA, VERSIONS, CREATE_TOPICS, INIT_PRODUCER, CONFIGS = 0, 1, 2, 3, 18, 19, 22, 32
EVERY_TOPIC = REQUESTS[METADATA].frame(12, {("topics",): count(-1, True)})
ASK_VERSIONS = REQUESTS[VERSIONS].frame(0)


@contextlib.contextmanager
def attack(broker, what, most=ONE):
    """Measures what the block does to a broker on which a bystander goes on producing."""
    bystander = Bystander(broker)
    with Memory(broker, what) as memory:
        yield memory
        bystander.goes_on()
    bystander.finish()
    assert memory.growth < most, f"{what}: {memory.growth / MIB:.1f} MiB"


def served(broker):
    """The requests that the broker serves."""
    with Peer(broker) as peer:
        answer = peer.ask(ASK_VERSIONS)
    rows = struct.unpack_from(">i", answer, 6)[0]
    return [REQUESTS[struct.unpack_from(">h", answer, 10 + 6 * row)[0]] for row in range(rows)]


def many_peers(broker, number):
    """So many connections that take little of what they are sent."""
    peers = contextlib.ExitStack()
    return peers, [peers.enter_context(Peer(broker, receive_buffer=4_096)) for _ in range(number)]


def allow_descriptors(number):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4 * number:
        print(f"SKIPPED: no more than {hard} files may be open, which is less than 4 x {number}")
        pytest.skip(f"no more than {hard} files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


# Frames


def test_sizes_that_no_request_has(broker):
    with attack(broker, "declared sizes"):
        for declared in (0, -1, 3, -(1 << 31), 2**31 - 1, 100 * MIB + 1):
            with Peer(broker) as peer:
                peer.send(struct.pack(">i", declared) + bytes(100))
                assert peer.answer() is None, declared


def test_memory_of_a_frame_follows_what_came_of_it(broker):
    with attack(broker, "8 MiB of a frame of 100 MiB", 8 * MIB + 4 * MIB):
        with Peer(broker) as peer, Peer(broker) as other:
            peer.send(struct.pack(">i", 100 * MIB) + REQUESTS[PRODUCE].header(7))
            for _ in range(128):
                peer.send(bytes(64 << 10))
            assert other.ask(ASK_VERSIONS)


def versions_of(request):
    """The oldest, the newest before tagged fields, and the newest."""
    oldest, newest = request.versions
    return {oldest, min(max(request.flexible_from - 1, oldest), newest), newest}


def array_frames(request, version):
    """Each array, at any depth, with counts that it does not have and with as many elements as somebody can send."""
    for path, each in request.fields(version, lambda field: field.is_array):
        compact = request.is_flexible(version) and not each.is_classic
        element = request.element(each, version)
        full = 4 * MIB // len(element)
        for declared, real in ((2**31 - 1, 1), (10**7, 1_000), (full, full), (90_000, 90_000), (19_000, 19_000)):
            yield request.frame(version, {path: count(declared, compact) + element * real})


def test_arrays_of_counts_without_sense(broker):
    with attack(broker, "counts of arrays"):
        for request in served(broker):
            for version in versions_of(request):
                for frame in array_frames(request, version):
                    with Peer(broker) as peer:
                        peer.ask(frame)


def test_lengths_without_sense(broker):
    with attack(broker, "lengths of strings and bytes"):
        for request in served(broker):
            version = request.versions[1]
            compact = request.is_flexible(version)
            for path, each in request.fields(version, lambda field: field.type in ("string", "bytes", "records")):
                for declared in (2**32 - 2, 2**31, 2**31 - 1, 10**8):
                    length = count(declared, True) if compact else struct.pack(">I", declared)
                    value = length + bytes(1_000)
                    with Peer(broker) as peer:
                        peer.ask(request.frame(version, {path: count(1, compact) + value if each.is_array else value}))


def test_tagged_fields_without_end(broker):
    """CVE-2026-111115 and CVE-2026-111108."""
    metadata, body = REQUESTS[METADATA], count(0, True) + b"\0\0"
    for number, most in ((1_000_000, ONE), (20_000_000, 84 * MIB)):
        tags = varint(20_000_000) + b"\x7f\0" * number
        in_header = sized(metadata.header(12, tags=tags) + body + b"\0")
        in_body = sized(metadata.header(12) + body + tags)
        with attack(broker, f"20,000,000 tagged fields in {len(tags) / MIB:.0f} MiB", most):
            for frame in (in_header, in_body):
                with Peer(broker) as peer:
                    assert peer.ask(frame) is None


# Batches


TOPICS = {
    "kept": {}, "repacked": {"compression.type": "gzip"}, "unpacked": {"compression.type": "uncompressed"},
    "compacted": {"cleanup.policy": "compact"}}


def throw_bombs(broker, topic):
    with Peer(broker) as peer:
        for name, (codec, make) in hostile.BOMBS.items():
            error = produce_error(topic, peer.ask(produce(topic, batch(make(MIB - 4_096), codec))))
            assert error in (CORRUPT, TOO_LARGE, INVALID_RECORD), name


def test_bombs_cost_what_a_batch_may_unpack_to(make_broker):
    broker = make_broker(settings={"martlet.produce.maximum.decompressed.bytes": 12 * MIB}).start()
    for topic, settings in TOPICS.items():
        clients.create_topic(broker, topic, **settings)
    with attack(broker, "bombs, limit 12 MiB") as memory:
        for topic in TOPICS:
            throw_bombs(broker, topic)
    memory.settles(KEPT)


def test_bombs_with_the_limit_that_is_the_default(broker):
    clients.create_topic(broker, "kept")
    with attack(broker, "bombs, limit 64 MiB", 64 * MIB + ONE) as memory:
        throw_bombs(broker, "kept")
    memory.settles(KEPT)


def test_bombs_that_were_stored_unseen_do_not_harm_the_cleaner(make_broker):
    broker = make_broker(settings={
        "martlet.produce.verify.compressed": "false", "martlet.produce.maximum.decompressed.bytes": 12 * MIB,
        "log.cleaner.backoff.ms": 100, "log.initial.task.delay.ms": 100}).start()
    clients.create_topic(broker, "bombed", **{
        "cleanup.policy": "compact", "segment.bytes": MIB, "min.cleanable.dirty.ratio": "0.01"})
    with attack(broker, "bombs in a compacted topic"):
        with Peer(broker) as peer:
            for codec, make in hostile.BOMBS.values():
                assert produce_error("bombed", peer.ask(produce("bombed", batch(make(MIB - 4_096), codec)))) == NONE
            # The segment with the bombs is not the active one any more.
            for _ in range(2):
                assert produce_error("bombed", peer.ask(produce("bombed", batch(record(bytes(900_000)))))) == NONE
        deadline = time.monotonic() + 60
        while "cannot be compacted" not in broker.log_text():
            assert time.monotonic() < deadline, "the cleaner has not come to the bombs"
            time.sleep(0.05)


# Requests


def test_metadata_of_everything_again_and_again(broker):
    clients.create_topic(broker, "wide", 2_000)
    with attack(broker, "metadata of 2,000 partitions, 400 times"), Peer(broker) as peer:
        for _ in range(400):
            assert len(peer.ask(EVERY_TOPIC)) > 50_000


def test_offsets_of_100_000_partitions(broker):
    clients.create_topic(broker, "wide", 2_000)
    request = REQUESTS[LIST_OFFSETS]
    rows = b"".join(struct.pack(">iiq", number % 2_000, -1, -1) for number in range(100_000))
    with attack(broker, "offsets of 100,000 partitions"):
        for number, is_served in ((100_000, False), (2_900, True)):
            body = struct.pack(">ibih", -1, 0, 1, 4) + b"wide" + count(number, False) + rows[:16 * number]
            with Peer(broker) as peer:
                assert (peer.ask(sized(request.header(4) + body)) is not None) == is_served


def describe_configs(kind, name, number):
    row = bytes([kind]) + varint(len(name) + 1) + name + b"\0\0"
    return REQUESTS[CONFIGS].frame(4, {
        ("resources",): count(number, True) + row * number, ("includeSynonyms",): b"\1",
        ("includeDocumentation",): b"\1"})


def test_settings_of_100_000_resources(broker):
    clients.create_topic(broker, "t")
    with attack(broker, "settings of 100,000 resources"):
        for (kind, name), number in itertools.product(((2, b"t"), (4, b"1"), (32, b"group")), (100_000, 9_000)):
            with Peer(broker) as peer:
                answer = peer.ask(describe_configs(kind, name, number))
                assert (answer is not None) == (number == 9_000)


def test_10_000_topics_in_one_request(broker):
    """They are made. What a partition costs is no matter of the request, which costs as much when it is refused."""
    request = REQUESTS[CREATE_TOPICS]
    rows = b"".join(varint(7) + b"t%05d" % number + struct.pack(">ih", 1, 1) + b"\1\1\0" for number in range(10_000))
    for is_only_checked, most in ((True, ONE), (False, 100 * MIB)):
        frame = request.frame(7, {
            ("topics",): count(10_000, True) + rows, ("timeoutMs",): struct.pack(">i", 60_000),
            ("validateOnly",): bytes([is_only_checked])})
        with attack(broker, f"10,000 topics, only checked: {is_only_checked}", most), Peer(broker) as peer:
            assert peer.ask(frame)


def test_100_000_producers(make_broker):
    broker = make_broker(settings={
        "producer.id.expiration.ms": 1_000, "producer.id.expiration.check.interval.ms": 100}).start()
    clients.create_topic(broker, "t")
    wanted = REQUESTS[INIT_PRODUCER].frame(4)
    with attack(broker, "100,000 producers", 40 * MIB) as memory, Peer(broker) as peer:
        for _ in range(100):
            peer.send(wanted * 1_000)
            for _ in range(1_000):
                assert peer.answer()
        for start in range(0, 100_000, 500):
            made_up = range(start, start + 500)
            peer.send(b"".join(produce("t", batch(record(b"v"), producer=producer)) for producer in made_up))
            for _ in made_up:
                assert produce_error("t", peer.answer()) == NONE
    memory.settles(2 * KEPT)


def fetch(topics, partitions=1):
    """Opens a session for these topics, which need not exist."""
    row = struct.pack(">iqiq", -1, 0, -1, -1) + struct.pack(">i", MIB) + b"\0"
    rows = count(partitions, True) + b"".join(struct.pack(">i", number) + row for number in range(partitions)) + b"\0"
    return REQUESTS[FETCH].frame(12, {
        ("topics",): count(len(topics), True) + b"".join(varint(len(name) + 1) + name + rows for name in topics),
        ("sessionEpoch",): bytes(4)})


def test_fetch_sessions_without_number(broker):
    frames = {
        "of 900 partitions": (fetch([b"none"], 900), 400),
        "of long names": (fetch([b"%010000d" % number for number in range(100)]), 200),
        "of one partition": (fetch([b"none"]), 10_000)}
    with attack(broker, "fetch sessions"), Peer(broker) as peer:
        for what, (frame, number) in frames.items():
            for _ in range(number):
                assert peer.ask(frame), what


# Peers that do not read


def test_fetches_of_2_gib_that_nobody_reads(broker):
    clients.create_topic(broker, "large", **{"max.message.bytes": 5 * MIB})
    load = produce("large", batch(record(bytes(4 * MIB))))
    with Peer(broker) as peer:
        for _ in range(32):
            assert produce_error("large", peer.ask(load)) == NONE
    body = struct.pack(">iiiibih", -1, 0, 1, 2**31 - 1, 0, 1, 5) + b"large" + struct.pack(">iiqi", 1, 0, 0, 2**31 - 1)
    with attack(broker, "50 peers with 20 fetches of 2 GiB each"):
        peers, all_of_them = many_peers(broker, 50)
        with peers:
            for peer in all_of_them:
                peer.send(sized(REQUESTS[FETCH].header(4) + body) * 20)
            with Peer(broker) as other:
                assert other.ask(ASK_VERSIONS)


def test_answers_that_nobody_reads(broker):
    clients.create_topic(broker, "wide", 2_000)
    frames = {"metadata": EVERY_TOPIC, "versions": REQUESTS[VERSIONS].frame(3), "settings": describe_configs(4, b"1", 1)}
    with attack(broker, "10,000 requests, no answer read"):
        for frame in frames.values():
            peers, (peer,) = many_peers(broker, 1)
            with peers, Peer(broker) as other:
                peer.send_what_fits(frame * 10_000)
                assert other.ask(ASK_VERSIONS)


def test_1_000_peers_that_read_nothing(broker):
    clients.create_topic(broker, "wide", 2_000)
    with attack(broker, "1,000 peers that read nothing", THOUSAND) as memory:
        peers, all_of_them = many_peers(broker, 1_000)
        with peers:
            for peer in all_of_them:
                peer.send_what_fits(EVERY_TOPIC * 1_000)
            memory.stays_the_same()
    memory.settles(2 * KEPT)


def test_2_000_frames_that_do_not_end(broker):
    allow_descriptors(2_000)
    with attack(broker, "2,000 frames of 1 MB that do not end", THOUSAND) as memory:
        peers, all_of_them = many_peers(broker, 2_000)
        with peers:
            for peer in all_of_them:
                peer.send_what_fits(struct.pack(">i", 1_000_000) + bytes(900_000))
            memory.stays_the_same()
            with Peer(broker) as other:
                assert other.ask(ASK_VERSIONS)
    memory.settles(KEPT)


# Connections


def test_5_000_idle_connections(broker):
    allow_descriptors(5_000)
    with attack(broker, "5,000 idle connections", 50 * MIB) as memory:
        peers, all_of_them = many_peers(broker, 5_000)
        with peers:
            assert all_of_them[-1].ask(ASK_VERSIONS)
    memory.settles(KEPT)


def test_20_000_connections_come_and_go(broker):
    descriptors = f"/proc/{broker.pid}/fd"
    with attack(broker, "20,000 connections"):
        before = len(os.listdir(descriptors))
        for _ in range(20_000):
            Peer(broker).close()
        with Peer(broker) as peer:
            assert peer.ask(ASK_VERSIONS)
        deadline = time.monotonic() + 60
        while len(os.listdir(descriptors)) > before + 10:
            assert time.monotonic() < deadline, "descriptors are not closed"
            time.sleep(0.05)


def test_peers_that_send_nothing_or_too_slowly_are_cut_off(make_broker):
    broker = make_broker(settings={
        "martlet.connection.first.request.timeout.ms": 1_000,
        "martlet.connection.request.progress.timeout.ms": 1_000}).start()
    with attack(broker, "slow peers"), Peer(broker) as healthy:
        assert healthy.ask(ASK_VERSIONS)
        silent = [Peer(broker) for _ in range(100)]
        begun = [Peer(broker) for _ in range(100)]
        for peer in begun:
            assert peer.ask(ASK_VERSIONS)
            peer.send(b"\0\0")
        dripping = [Peer(broker) for _ in range(100)]
        for peer in dripping:
            assert peer.ask(ASK_VERSIONS)
            peer.send(struct.pack(">i", MIB))
        # A byte now and then does not help.
        while any(peer.send(b"\0") for peer in dripping):
            time.sleep(0.05)
        for peer in silent + begun + dripping:
            assert peer.answer() is None
            peer.close()
        assert healthy.ask(ASK_VERSIONS), "one that is merely idle stays"


# Names


def test_names_that_are_paths(broker, tmp_path):
    bad = [b"", b".", b"..", b"../out", b"/etc/out", b"a/b", b"a\\b", b"a\0b", b"a b", "\u00fc".encode(), b"a" * 250]
    good = [b"a" * 249, b"...", b"a.b-c_d"]
    before = files_outside(broker, tmp_path)
    with attack(broker, "names"), Peer(broker) as peer:
        for name in bad + good:
            row = varint(len(name) + 1) + name + struct.pack(">ih", 1, 1) + b"\1\1\0"
            answer = peer.ask(REQUESTS[CREATE_TOPICS].frame(7, {
                ("topics",): count(1, True) + row, ("timeoutMs",): struct.pack(">i", 60_000)}))
            # Behind the correlation id, tags, throttle time, count, name and topic id.
            error = struct.unpack_from(">h", answer, 4 + 1 + 4 + 1 + len(varint(len(name) + 1)) + len(name) + 16)[0]
            assert error == (NONE if name in good else INVALID_TOPIC), name
            # Asking for it may make it, too.
            asked = struct.pack(">ih", 1, len(name)) + name + b"\1"
            assert peer.ask(sized(REQUESTS[METADATA].header(4) + asked))
            if name not in good:
                answer = peer.ask(produce(name, batch(record(b"v"))))
                assert answer is None or produce_error(name, answer) != NONE, name
    made = {path.name for path in broker.data.iterdir() if path.name.endswith("-0")}
    own = ("bystander", "__consumer_offsets")
    assert {name for name in made if not name.startswith(own)} == {f"{name.decode()}-0" for name in good}
    assert files_outside(broker, tmp_path) == before


def files_outside(broker, tmp_path):
    return {path for path in tmp_path.rglob("*") if broker.data not in path.parents}
