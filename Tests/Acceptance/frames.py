"""Frames for a broker that are valid, or nearly: `python frames.py HOST PORT --seed S --frames N` sends them.

Each burst goes over a connection that may be new: some valid requests, then one that was changed. The valid ones must
be answered, in order, by what the notation says. After the changed one the connection is half closed: the broker answers
or closes it, soon, and takes the next connection.

The seed decides all choices; the ids of topics, which the broker makes up, are asked for. A failure leaves the last
bursts in a file, which `--replay FILE` sends again.
"""
import argparse
import collections
import gzip
import json
import random
import socket
import struct
import sys
import time

import cramjam
import lz4.frame
import zstandard
from aiokafka.record.util import calc_crc32c

import notation

TOPICS = [f"fuzz-{number}" for number in range(12)]
WORDS = ["", "a", "fuzz", "user", "client-id", "ip", "10.9.8.7", "none", "0", "-1", "1", "\N{SNOWMAN}", "x" * 300]
CODECS = (0, 0, 0, 0, 1, 2, 3, 4, 5, 7)
# By the codec's number in a batch; what has no packer stands there as it is.
PACKERS = {
    1: gzip.compress, 2: lambda body: bytes(cramjam.snappy.compress_raw(body)),
    3: lambda body: lz4.frame.compress(body, block_linked=False, store_size=True), 4: zstandard.ZstdCompressor().compress,
}
TOPIC_SETTINGS = {
    "cleanup.policy": ["compact", "delete", "compact,delete", "x"], "retention.ms": ["-1", "1000", "9" * 30],
    "segment.bytes": ["1048576", "14", "-5"], "compression.type": ["gzip", "zstd", "producer", ""],
    "message.timestamp.type": ["LogAppendTime", "CreateTime"], "max.message.bytes": ["1000", "1048588"],
    "flush.messages": ["1", "100"], "unknown.setting": ["1"], "min.insync.replicas": ["1", "2"],
}
# What changes nothing that another client could notice.
BROKER_SETTINGS = {
    "log.cleaner.threads": ["1", "2", "x"], "background.threads": ["4", "5"], "num.io.threads": ["4", "8"],
    "log.cleaner.backoff.ms": ["15000", "-1"],
}
# A kind of resource with its names and settings: topic, broker, broker's loggers, client metrics, group.
RESOURCES = [
    (2, TOPICS, TOPIC_SETTINGS), (4, ["1", "9", "x"], BROKER_SETTINGS),
    (8, ["9", "x"], {"root": ["WARN"]}), (16, ["fuzz-metrics"], {"interval.ms": ["1000"], "metrics": ["x"]}),
    (32, ["fuzz-group"], {"consumer.session.timeout.ms": ["45000"]}),
]
FETCH, API_VERSIONS = 1, 18
# It takes longer than all others together, and leaves them less to work on.
DELETE_TOPICS = 20
WAIT_SECONDS = 30


class Values:
    """Chooses what stands in the fields of a request."""

    def __init__(self, dice, topic_ids, paths):
        self.dice, self.topic_ids, self.paths = dice, topic_ids, paths
        self.last_unknown_tags = 0
        self.resource = RESOURCES[0]

    def chance(self, share):
        return self.dice.random() < share

    def unknown_tags(self):
        self.last_unknown_tags = self.dice.choice((1, 3, 60)) if self.chance(0.03) else 0
        return self.last_unknown_tags

    def is_null(self, message, field):
        # No name stands for everybody: that a quota or a setting of all clients is changed is for no fuzzer to do.
        return field.name not in ("entityName", "resourceName") and self.chance(0.1)

    def count(self, message, field):
        if field.name == "components" and message.name == "DescribeClientQuotas":
            return self.dice.choice((0, 1))
        return self.dice.choice((0, 1, 1, 1, 2, 3))

    def number(self, message, field):
        dice, name = self.dice, field.name
        if field.type == "bool":
            return self.chance(0.5)
        if field.type == "float64":
            return dice.choice((1.0, 1e6, 0.0, -1.0, float("nan"), float("inf")))
        if name == "resourceType":
            self.resource = dice.choice(RESOURCES)
            return self.resource[0]
        if name in ("timeoutMs", "maxWaitMs"):
            return dice.choice((0, 1, 5))
        if name == "acks":
            return dice.choice((-1, 1))
        if name == "timestamp":
            return dice.choice((-1, -2, -3, -4, -5, -6, 0, int(time.time() * 1000)))
        if name in ("numPartitions", "count"):
            return dice.choice((1, 2, 3, 4, -1, 0))
        if name == "replicationFactor":
            return dice.choice((1, 1, 1, -1, 3))
        if name in ("maxBytes", "partitionMaxBytes", "minBytes"):
            return dice.choice((0, 1, 1000, 100_000))
        if name in ("replicaId", "isolationLevel", "sessionId", "sessionEpoch", "lastFetchedEpoch") or "eaderEpoch" in name:
            return dice.choice((-1, -1, 0, 0, 1))
        bits = {"int8": 7, "int16": 15, "int32": 31, "int64": 63}.get(field.type)
        small = dice.choice((0, 0, 0, 1, 1, 2, 3, -1))
        if bits is None:
            return max(small, 0)
        return small if self.chance(0.9) else dice.choice((1 << bits - 1, (1 << bits) - 1, -(1 << bits), 100))

    def uuid(self, message, field):
        if self.topic_ids and self.chance(0.9):
            return self.dice.choice(self.topic_ids)
        return self.dice.randbytes(16) if self.chance(0.9) else bytes(16)

    def content(self, message, field, version):
        if field.type == "records":
            return self.records()
        if field.type == "bytes":
            return self.dice.randbytes(self.dice.randrange(40))
        return self.text(message, field).encode()

    def text(self, message, field):
        dice, name = self.dice, field.name
        if name == "resourceName":
            return dice.choice(self.resource[1])
        if message.name in ("AlterConfigs", "IncrementalAlterConfigs", "CreateTopics") and field.name == "name":
            # Topics and settings are called the same in the notation; a setting that is no topic's name does no harm.
            return dice.choice(TOPICS if self.chance(0.7) else list(self.resource[2]))
        if name == "value":
            return dice.choice([value for values in self.resource[2].values() for value in values])
        if name in ("entityType", "key"):
            return dice.choice(("user", "client-id", "ip", "producer_byte_rate", "consumer_byte_rate", "x"))
        if name in ("entityName", "match"):
            return dice.choice(("fuzz-user", "fuzz-client", "10.9.8.7"))
        if name == "path":
            return dice.choice(self.paths)
        if "opic" in name or name in ("name", "configurationKeys"):
            return dice.choice(TOPICS) if self.chance(0.85) else dice.choice(WORDS)
        return dice.choice(WORDS)

    def records(self):
        """A batch, mostly one that a broker takes."""
        dice = self.dice
        count = dice.choice((1, 1, 2, 5))
        body = b""
        for number in range(count):
            key, value = dice.randbytes(dice.randrange(8)), dice.randbytes(dice.choice((0, 10, 100)))
            inner = b"\0" + zigzag(number) + zigzag(number)
            inner += zigzag(len(key)) + key + zigzag(len(value)) + value + b"\0"
            body += zigzag(len(inner)) + inner
        codec = dice.choice(CODECS)
        if codec in PACKERS and self.chance(0.9):
            body = PACKERS[codec](body)
            if self.chance(0.3):
                body = change_bytes(dice, body, [])
        producer = (dice.randrange(3), 0, dice.randrange(3)) if self.chance(0.1) else (-1, -1, -1)
        now = int(time.time() * 1000)
        tail = struct.pack(">hiqqqhii", codec, count - 1, now, now + count - 1, *producer, count) + body
        if self.chance(0.2):
            tail = change_bytes(dice, tail, [])
        checksum = calc_crc32c(tail) if self.chance(0.95) else dice.randrange(1 << 32)
        batch = struct.pack(">qiibI", 0, len(tail) + 9, -1, 2, checksum) + tail
        return batch * 2 if self.chance(0.02) else batch


def zigzag(number):
    return notation.unsigned_varint(number << 1 ^ number >> 63)


def change_bytes(dice, content, lengths):
    """One to three changes: of a length or count, of a byte, of the end."""
    content = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        how = dice.random()
        if lengths and how < 0.4:
            at, size, is_varint = dice.choice(lengths)
            if is_varint:
                value = dice.choice((0, 1, 2, 0x7F, 0x80, 0x3FFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 35, (1 << 63) - 1))
                changed = notation.unsigned_varint(value)
            else:
                value = dice.choice((-2, -1, 0, 1, 2, 0x7F, (1 << 8 * size - 1) - 1, -(1 << 8 * size - 1)))
                changed = value.to_bytes(size, "big", signed=True)
            content[at:at + size] = changed
            # The places behind have moved.
            lengths = []
        elif not content:
            content.append(dice.randrange(256))
        elif how < 0.6:
            content[dice.randrange(len(content))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
        elif how < 0.7:
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        elif how < 0.8:
            del content[dice.randrange(len(content)):]
        elif how < 0.9:
            at = dice.randrange(len(content) + 1)
            content[at:at] = dice.randbytes(dice.choice((1, 2, 4, 100)))
        else:
            at = dice.randrange(len(content))
            del content[at:at + dice.choice((1, 2, 4, 8))]
    return bytes(content)


class Frames:
    """Makes requests of every served API in every version."""

    # A request is used again, but for its correlation id, up to so many times.
    uses = 6

    def __init__(self, dice, served, apis, values):
        self.dice, self.apis, self.values = dice, apis, values
        self.served = [
            (key, version) for key, (first, last) in sorted(served.items()) if key in apis
            for version in range(max(first, apis[key][0].versions[0]), min(last, apis[key][0].versions[1]) + 1)]
        self.pool = {}

    def valid(self):
        """Key, version, frame without its length, places of lengths."""
        place = self.dice.choice(self.served)
        while place[0] == DELETE_TOPICS and self.dice.random() < 0.9:
            place = self.dice.choice(self.served)
        uses, made = self.pool.get(place, (0, None))
        if uses == 0:
            made = self.make(*place)
            uses = self.uses
        self.pool[place] = (uses - 1, made)
        correlation = self.dice.randrange(1 << 31)
        frame, lengths = made
        return (*place, correlation, frame[:4] + struct.pack(">i", correlation) + frame[8:], lengths)

    def make(self, key, version):
        request = self.apis[key][0]
        header = struct.pack(">hhi", key, version, 0) + self.dice.choice((b"\xff\xff", b"\0\0", b"\0\4fuzz"))
        if version >= request.flexible:
            header += self.dice.choice((b"\0", b"\0", b"\0", b"\1\x63\2ab"))
        writer = notation.Writer(request, version, self.values).write()
        lengths = [(len(header) + at, size, is_varint) for at, size, is_varint in writer.lengths]
        return bytes(header + writer.bytes), lengths

    def changed(self):
        """The bytes of a frame with its length, either of them wrong."""
        dice = self.dice
        key, version, _, frame, lengths = self.valid()
        how = dice.random()
        if how < 0.7:
            frame = change_bytes(dice, frame, lengths)
        elif how < 0.8:
            frame = struct.pack(">h", dice.choice((key, 0, 1, -1, 93, 32767, dice.randrange(95)))) + frame[2:]
        elif how < 0.9:
            frame = frame[:2] + struct.pack(">h", dice.choice((-1, 0, version + 1, 99, 32767))) + frame[4:]
        length = len(frame)
        if how >= 0.9:
            length = dice.choice((0, 1, 3, -1, length - 1, length + 1, 1 << 20, (1 << 31) - 1, -(1 << 31), 104857601))
        return struct.pack(">i", length) + frame


class Failure(Exception):
    pass


class Fuzzer:
    def __init__(self, address, seed, paths):
        self.address = address
        self.dice = random.Random(seed)
        self.apis = notation.load()
        self.values = Values(self.dice, [], paths)
        self.frames = Frames(self.dice, self.ask_versions(), self.apis, self.values)
        self.counts = collections.Counter()
        # The last bursts, to be sent again after a failure.
        self.sent = collections.deque(maxlen=300)
        self.connection = None

    def ask_versions(self):
        body = self.ask(API_VERSIONS, 0, b"")
        count = struct.unpack_from(">i", body, 2)[0]
        rows = (struct.unpack_from(">hhh", body, 6 + 6 * row) for row in range(count))
        return {key: (first, last) for key, first, last in rows}

    def ask(self, key, version, body):
        """The body of the answer to a request of a classic version."""
        with socket.create_connection(self.address, WAIT_SECONDS) as asking:
            asking.sendall(frame_of(struct.pack(">hhih", key, version, 1, 0) + body))
            return receive_exactly(asking, struct.unpack(">i", receive_exactly(asking, 4))[0])[4:]

    def refresh_topics(self):
        """Learns the topics that there are, and removes those that changed requests have made beside the known ones."""
        request, response = self.apis[3]
        topics = notation.Reader(response, 12, self.ask_flexible(3, 12, b"\0\0\0\0")).all()["topics"]
        known = [topic for topic in topics if topic["name"].decode() in TOPICS]
        self.values.topic_ids = [topic["topicId"] for topic in known]
        strange = [topic for topic in topics if b"bystander" not in topic["name"] and topic not in known]
        partitions = sum(len(topic["partitions"]) for topic in topics)
        doomed = strange + (known if partitions > 500 else [])
        if doomed:
            names = b"".join(struct.pack(">h", len(topic["name"])) + topic["name"] for topic in doomed)
            self.ask(20, 1, struct.pack(">i", len(doomed)) + names + struct.pack(">i", 30_000))
        self.counts["topics removed"] += len(doomed)

    def ask_flexible(self, key, version, body):
        with socket.create_connection(self.address, WAIT_SECONDS) as asking:
            asking.sendall(frame_of(struct.pack(">hhih", key, version, 1, 0) + b"\0" + body))
            return receive_exactly(asking, struct.unpack(">i", receive_exactly(asking, 4))[0])[5:]

    def run(self, frames):
        refreshed = 0
        while self.counts["frames"] < frames:
            if self.counts["frames"] >= refreshed:
                self.refresh_topics()
                refreshed = self.counts["frames"] + 5_000
            self.burst()

    def burst(self):
        valid = [self.frames.valid() for _ in range(self.dice.choice((0, 1, 2, 4, 8, 16, 32)))]
        changed = self.frames.changed() if self.dice.random() < 0.9 else b""
        expected = [(key, version, correlation) for key, version, correlation, _, _ in valid]
        content = b"".join(frame_of(frame) for _, _, _, frame, _ in valid) + changed
        self.sent.append((content, changed))
        self.exchange(content, expected, changed)

    def exchange(self, content, expected, changed):
        if self.connection is None:
            self.connection = Peer(self.address)
        peer = self.connection
        try:
            peer.send(self.dice, content)
            if changed:
                peer.end_input()
            self.take_answers(peer, expected)
            if changed:
                self.take_last(peer, changed)
        except ConnectionError as error:
            # It was closed because of the changed frame, while what came before it was still on its way.
            if not changed:
                raise Failure(f"closed on valid frames: {content.hex()}") from error
            peer.close()
            self.connection = None
        else:
            if changed:
                peer.close()
                self.connection = None
        self.counts["frames"] += 1 if changed else 0

    def take_answers(self, peer, expected):
        for key, version, correlation in expected:
            answer = peer.receive()
            if answer is None:
                self.counts["answers lost"] += 1
                raise ConnectionError
            self.counts["frames"] += 1
            self.counts["answers"] += 1
            if struct.unpack_from(">i", answer)[0] != correlation:
                raise Failure(f"an answer out of order to {self.apis[key][0].name} {version}")
            if self.dice.random() < 0.05:
                self.check(key, version, answer)

    def check(self, key, version, answer):
        response = self.apis[key][1]
        is_flexible = version >= response.flexible and key != API_VERSIONS
        try:
            notation.Reader(response, version, answer, at=5 if is_flexible else 4).all()
        except (AssertionError, struct.error) as error:
            raise Failure(f"an answer that is none of {response.name} {version}: {error}; {answer.hex()}") from error
        self.counts["answers read"] += 1

    def take_last(self, peer, changed):
        """What follows is an answer or nothing, and then the end."""
        # A fetch may wait as long as it was changed to; nobody waits for it.
        may_wait = changed[4:6] == struct.pack(">h", FETCH)
        try:
            if peer.receive(0.05 if may_wait else WAIT_SECONDS) is not None:
                self.counts["answers to changed frames"] += 1
                while peer.receive(0.05 if may_wait else WAIT_SECONDS) is not None:
                    self.counts["answers to changed frames"] += 1
        except TimeoutError:
            if not may_wait:
                raise
            self.counts["fetches left waiting"] += 1


class Peer:
    """A connection on which several frames may be under way."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, WAIT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Closed by a reset, so that no port has to be waited for.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.buffer = bytearray()

    def close(self):
        self.socket.close()

    def send(self, dice, content):
        how = dice.random()
        if how < 0.005:
            for at in range(min(len(content), 600)):
                self.socket.send(content[at:at + 1])
            content = content[600:]
        elif how < 0.1 and len(content) > 1:
            at = dice.randrange(1, len(content))
            self.socket.sendall(content[:at])
            content = content[at:]
        self.socket.sendall(content)

    def end_input(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise ConnectionError("the broker closed the connection") from error

    def receive(self, seconds=WAIT_SECONDS):
        """The next answer without its length, None at the end."""
        while True:
            if len(self.buffer) >= 4:
                size = struct.unpack_from(">i", self.buffer)[0]
                if len(self.buffer) >= 4 + size:
                    answer = bytes(self.buffer[4:4 + size])
                    del self.buffer[:4 + size]
                    return answer
            self.socket.settimeout(seconds)
            part = self.socket.recv(1 << 16)
            if not part:
                return None
            self.buffer += part


def frame_of(content):
    return struct.pack(">i", len(content)) + content


def receive_exactly(connection, count):
    content = b""
    while len(content) < count:
        part = connection.recv(count - len(content))
        if not part:
            raise ConnectionError("the broker closed the connection")
        content += part
    return content


def replay(address, path):
    for line in open(path):
        with socket.create_connection(address, WAIT_SECONDS) as connection:
            try:
                connection.sendall(bytes.fromhex(line.strip()))
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(1)
                while connection.recv(1 << 16):
                    pass
            except OSError:
                pass


def main():
    options = argparse.ArgumentParser()
    options.add_argument("host")
    options.add_argument("port", type=int)
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options.add_argument("--frames", type=int, default=10_000)
    options.add_argument("--paths", nargs="*", default=["/nowhere"])
    options.add_argument("--last", default="last-frames.hex", help="where a failure leaves what was sent last")
    options.add_argument("--replay")
    given = options.parse_args()
    address = (given.host, given.port)
    if given.replay:
        return replay(address, given.replay)
    print(f"seed {given.seed}", file=sys.stderr)
    fuzzer = Fuzzer(address, given.seed, given.paths)
    try:
        fuzzer.run(given.frames)
    except BaseException:
        with open(given.last, "w") as last:
            last.writelines(content.hex() + "\n" for content, _ in fuzzer.sent)
        raise
    finally:
        print(json.dumps(fuzzer.counts))


if __name__ == "__main__":
    main()
