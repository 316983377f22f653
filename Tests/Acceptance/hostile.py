"""What a peer that means harm sends, and what it costs the broker."""
import itertools
import re
import socket
import struct
import threading
import time
import zlib
from pathlib import Path

import lz4.block
import snappy
from aiokafka.record.util import calc_crc32c

import clients
import records
from schemas import sized, varint

MIB = 1 << 20
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4


class Peer:
    """A connection on which anything is sent."""

    def __init__(self, broker, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(60)
        self.socket.connect((broker.host, broker.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, content):
        """False if the broker closed the connection before it had taken everything."""
        try:
            self.socket.sendall(content)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def send_what_fits(self, content):
        """Sends until nothing more is taken; how much that was."""
        self.socket.setblocking(False)
        sent = 0
        try:
            while sent < len(content):
                sent += self.socket.send(content[sent:sent + MIB])
        except (BlockingIOError, ConnectionError):
            pass
        return sent

    def answer(self):
        """The next answer without its length; None when the broker closes the connection."""
        head = self.exactly(4)
        return None if head is None else self.exactly(struct.unpack(">i", head)[0])

    def exactly(self, count):
        parts = []
        while count:
            try:
                part = self.socket.recv(min(count, MIB))
            except ConnectionResetError:
                return None
            if not part:
                return None
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def ask(self, frame):
        return self.answer() if self.send(frame) else None


class Memory:
    """What the broker holds resident before, at its most, and after."""

    def __init__(self, broker, what):
        self.broker, self.what = broker, what

    def __enter__(self):
        self.before = self.read("VmRSS")
        Path(f"/proc/{self.broker.pid}/clear_refs").write_text("5")
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.peak, self.after = self.read("VmHWM"), self.read("VmRSS")
            print(f"MEMORY {self.what}: {self.before / MIB:.1f} MiB, most +{self.growth / MIB:.1f} MiB, "
                  f"then +{(self.after - self.before) / MIB:.1f} MiB")

    @property
    def growth(self):
        return self.peak - self.before

    def read(self, name):
        status = Path(f"/proc/{self.broker.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024

    def stays_the_same(self):
        """Waits until what is resident has stopped to grow."""
        deadline, last, since = time.monotonic() + 60, 0, time.monotonic()
        while time.monotonic() - since < 1:
            assert time.monotonic() < deadline, "it does not stop to grow"
            now = self.read("VmRSS")
            if now > last + MIB:
                last, since = now, time.monotonic()
            time.sleep(0.05)

    def settles(self, most, seconds=60):
        """Waits until no more than `most` bytes above those before are resident."""
        deadline = time.monotonic() + seconds
        while (now := self.read("VmRSS")) - self.before > most:
            assert time.monotonic() < deadline, f"{(now - self.before) / MIB:.1f} MiB are kept"
            time.sleep(0.05)
        print(f"MEMORY {self.what}: {(now - self.before) / MIB:.1f} MiB are kept")


class Bystander:
    """Somebody else's producer: all that it was promised must be there in the end."""

    numbered = itertools.count()

    def __init__(self, broker):
        self.topic = f"bystander{next(self.numbered)}"
        self.broker, self.client = broker, clients.Confluent()
        self.progress, self.stop = clients.Progress(), threading.Event()
        clients.create_topic(broker, self.topic)
        self.work = clients.Background(
            self.client.produce, broker, self.topic, 0, "none", self.numbers(), self.progress)
        self.goes_on()

    def numbers(self):
        for number in itertools.count():
            if self.stop.wait(0.002):
                return
            yield number

    def goes_on(self):
        """Waits until it has produced some more."""
        wanted = self.progress.delivered + 20
        self.progress.wait_until(lambda: self.progress.delivered >= wanted)

    def finish(self):
        self.goes_on()
        self.stop.set()
        self.work.finish()
        assert not self.progress.failed
        found = self.client.consume(self.broker, self.topic, 0)
        records.check(found, self.progress.sent, self.client, self.progress.acknowledged)


def batch(content, codec=0, producer=-1):
    """A batch of version 2 with one record, packed or not."""
    now = int(time.time() * 1000)
    epoch, sequence = (0, 0) if producer >= 0 else (-1, -1)
    tail = struct.pack(">hiqqqhii", codec, 0, now, now, producer, epoch, sequence, 1) + content
    return struct.pack(">qiib", 0, 9 + len(tail), -1, 2) + struct.pack(">I", calc_crc32c(tail)) + tail


def record(value, key=b"k"):
    """The only record of a batch."""
    content = b"\0\0\0" + varint(2 * len(key)) + key + varint(2 * len(value)) + value + b"\0"
    return varint(2 * len(content)) + content


def produce(topic, content):
    """A produce request of version 7, which has no compact lengths, with one batch."""
    name = topic if isinstance(topic, bytes) else topic.encode()
    return sized(
        struct.pack(">hhihhhi", 0, 7, 1, 0, -1, -1, 30_000)
        + struct.pack(">ih", 1, len(name)) + name + struct.pack(">iii", 1, 0, len(content)) + content)


def produce_error(topic, answer):
    """The error code of the only partition of its answer."""
    return struct.unpack_from(">h", answer, 4 + 4 + 2 + len(topic) + 4 + 4)[0]


def gzip_bomb(size=MIB):
    """Zeros, about a thousand times as many as there are bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(16 * MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * ((size - len(head)) // len(block))


def zstd_bomb(size=MIB, window=0x68):
    """Blocks that say 128 KiB in four bytes, 32,000 times as many; by default with a window of 8 MiB."""
    block = struct.pack("<I", 1 << 1 | (128 << 10) << 3)[:3] + b"\0"
    return b"\x28\xb5\x2f\xfd\x00" + bytes([window]) + block * (size // 4)


def lz4_bomb(size=MIB):
    """255 times as many."""
    block = lz4.block.compress(bytes(4 * MIB), store_size=False)
    # Version 1, independent blocks of 4 MiB; the last byte of the header is the checksum of the two before it.
    return b"\x04\x22\x4d\x18\x60\x70\x73" + (struct.pack("<I", len(block)) + block) * (size // len(block))


def snappy_bomb(size=MIB):
    """20 times as many, as blocks with their sizes in front."""
    block = snappy.compress(bytes(32 << 10))
    head = b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1)
    return head + (struct.pack(">i", len(block)) + block) * ((size - len(head)) // (len(block) + 4))


def snappy_lie(size=MIB):
    """A plain block that declares 4 GiB."""
    return b"\xff\xff\xff\xff\x0f" + bytes(size)


BOMBS = {
    "gzip": (GZIP, gzip_bomb), "snappy": (SNAPPY, snappy_bomb), "snappy-lie": (SNAPPY, snappy_lie),
    "lz4": (LZ4, lz4_bomb), "zstd": (ZSTD, zstd_bomb),
    # 128 MiB, the largest that the library takes.
    "zstd-window": (ZSTD, lambda size=MIB: zstd_bomb(size, 0x88)),
}
