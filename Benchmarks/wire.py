"""The least of Kafka's protocol that the measurements need: batches made once, Produce 8 sent with several in flight."""
import ctypes
import socket
import struct
import threading
import time

TABLE = []
for number in range(256):
    for _ in range(8):
        number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
    TABLE.append(number)


native = None


def use(library):
    """Has a shared library made of Sources/CSystem/crc32c.c compute the checksums, where there are many."""
    global native
    native = ctypes.CDLL(str(library)).martlet_crc32c
    native.restype = ctypes.c_uint32
    native.argtypes = [ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t]


def crc32c(data):
    if native:
        return native(0, data, len(data))
    value = 0xFFFFFFFF
    for byte in data:
        value = TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def varint(value):
    value = value << 1 ^ value >> 63
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def record(delta, key, value):
    body = b"\0" + varint(0) + varint(delta)
    body += (varint(len(key)) + key) if key is not None else varint(-1)
    body += varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def batch(pairs):
    """A batch of the pairs of key and value; the base offset lies outside the checksum, so one serves for every place."""
    now = int(time.time() * 1000)
    content = struct.pack(">hiqqqhii", 0, len(pairs) - 1, now, now, -1, -1, -1, len(pairs))
    content += b"".join(record(delta, key, value) for delta, (key, value) in enumerate(pairs))
    return struct.pack(">qiibI", 0, len(content) + 9, -1, 2, crc32c(content)) + content


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def produce(topic, batches, acks=1):
    """A request with a batch for each of the partitions; `batches` maps numbers to bytes."""
    body = struct.pack(">hhi", 0, 8, 0) + text("scale") + struct.pack(">hhi", -1, acks, 30_000)
    body += struct.pack(">i", 1) + text(topic) + struct.pack(">i", len(batches))
    body += b"".join(struct.pack(">ii", number, len(data)) + data for number, data in batches.items())
    return struct.pack(">i", len(body)) + body


def check_produced(answer):
    """Raises unless every partition of a Produce 8 response is free of errors."""
    position = 4 + 4
    position += 2 + struct.unpack_from(">h", answer, position)[0]
    count = struct.unpack_from(">i", answer, position)[0]
    position += 4
    for _ in range(count):
        number, error = struct.unpack_from(">ih", answer, position)
        if error:
            raise RuntimeError(f"partition {number}: error {error}")
        position += 4 + 2 + 8 + 8 + 8
        errors = struct.unpack_from(">i", answer, position)[0]
        position += 4
        if errors > 0:
            raise RuntimeError(f"partition {number}: {errors} bad records")
        position += 2


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request):
        self.socket.sendall(request)

    def receive(self):
        size = struct.unpack(">i", self.exactly(4))[0]
        return self.exactly(size)

    def exactly(self, count):
        parts = bytearray()
        while len(parts) < count:
            part = self.socket.recv(count - len(parts))
            if not part:
                raise ConnectionError("the broker hung up")
            parts += part
        return bytes(parts)

    def pour(self, requests, in_flight=4):
        """Sends the requests and checks every answer."""
        slots = threading.Semaphore(in_flight)
        failed = []

        def drain():
            try:
                for _ in range(len(requests)):
                    check_produced(self.receive())
                    slots.release()
            except Exception as error:  # the sender has to hear of it
                failed.append(error)
                slots.release(len(requests))

        reader = threading.Thread(target=drain)
        reader.start()
        for request in requests:
            slots.acquire()
            if failed:
                break
            self.send(request)
        reader.join()
        if failed:
            raise failed[0]
