"""A connection that speaks a few requests byte by byte, for what no client lets a test do."""
import socket
import struct


class Raw:
    API_VERSIONS, FETCH, PRODUCE, METADATA = 18, 1, 0, 3

    def __init__(self, broker, timeout=30):
        host = broker.host.strip("[]")
        self.socket = socket.create_connection((host, broker.port), timeout)
        self.correlation = 0

    def close(self):
        self.socket.close()

    def send(self, api, version, body):
        """Sends a request with a header of version 1; its correlation id."""
        self.correlation += 1
        header = struct.pack(">hhi", api, version, self.correlation) + string("raw")
        self.socket.sendall(struct.pack(">i", len(header) + len(body)) + header + body)
        return self.correlation

    def receive(self):
        """The next answer: correlation id, and the bytes that follow it."""
        size = struct.unpack(">i", self.exactly(4))[0]
        answer = self.exactly(size)
        return struct.unpack_from(">i", answer)[0], answer[4:]

    def exactly(self, count):
        parts = []
        while count:
            part = self.socket.recv(min(count, 1 << 20))
            if not part:
                raise ConnectionError("the broker closed the connection")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def api_versions(self):
        """The error code and the keys of the APIs that the broker serves."""
        wanted = self.send(self.API_VERSIONS, 0, b"")
        correlation, answer = self.receive()
        assert correlation == wanted
        error, count = struct.unpack_from(">hi", answer)
        return error, {struct.unpack_from(">h", answer, 6 + 6 * row)[0] for row in range(count)}

    def send_fetch(self, topic, partition, offset, maximum_bytes=1 << 20):
        return self.send(self.FETCH, 4, fetch_request(topic, partition, offset, maximum_bytes))

    def fetch(self, topic, partition, offset, maximum_bytes=1 << 20):
        """The error code and the record bytes of one partition."""
        self.send_fetch(topic, partition, offset, maximum_bytes)
        return parse_fetch(self.receive()[1])


def string(text):
    return struct.pack(">h", len(text)) + text.encode()


def fetch_request(topic, partition, offset, maximum_bytes):
    """Fetch version 4: no waiting, read_uncommitted, one partition."""
    return (
        struct.pack(">iiiibi", -1, 0, 1, maximum_bytes, 0, 1) + string(topic)
        + struct.pack(">iiqi", 1, partition, offset, maximum_bytes))


def parse_fetch(answer):
    """The error code and the record bytes of the only partition of an answer of version 4."""
    name = struct.unpack_from(">h", answer, 8)[0]
    at = 8 + 2 + name + 4 + 4
    error, _, _, aborted = struct.unpack_from(">hqqi", answer, at)
    at += 22 + max(0, aborted) * 16
    size = struct.unpack_from(">i", answer, at)[0]
    return error, answer[at + 4:at + 4 + max(0, size)]


def stored_codecs(broker, topic, partition):
    """The codecs, as numbers, of the batches at the start of the partition."""
    error, records = Raw(broker).fetch(topic, partition, 0)
    assert error == 0
    at, codecs = 0, set()
    for _, _, size in batch_spans(records):
        codecs.add(struct.unpack_from(">h", records, at + 21)[0] & 7)
        at += size
    return codecs


def batch_spans(records):
    """First offset, last offset and size of each whole batch."""
    at = 0
    while at + 27 <= len(records):
        base, length = struct.unpack_from(">qi", records, at)
        if at + 12 + length > len(records):
            return
        last = struct.unpack_from(">i", records, at + 23)[0]
        yield base, base + last, 12 + length
        at += 12 + length
