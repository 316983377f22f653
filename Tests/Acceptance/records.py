"""What the clients produce, and what must come back."""
import time
from dataclasses import dataclass

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
# Recent: a broker forgets idempotent producers whose last record is older than a day (producer.id.expiration.ms), by the
# record's own time, so that old timestamps would make it take a batch twice when it was restarted in between.
FIRST_TIMESTAMP = (int(time.time()) - 3600) * 1000
FILLER = "The quick brown martlet flies over the lazy log. " * 8


@dataclass(frozen=True)
class Record:
    offset: int
    key: bytes
    value: bytes
    headers: tuple
    timestamp: int | None


def key(number):
    return f"key-{number % 997}".encode()


def value(number):
    return f"{number:08d} {FILLER[:number * 7919 % 300]}".encode()


def headers(number):
    return (("number", str(number).encode()), ("bytes", b"\x01\xff\x00"))


def timestamp(number):
    return FIRST_TIMESTAMP + number


def number(record):
    return int(record.value[:8])


def check(found, count, client, acknowledged):
    """Each record is there exactly once, in order, at the offset that was acknowledged, with all that the client set."""
    numbers = [number(record) for record in found]
    if numbers != list(range(count)):
        raise AssertionError(describe_difference(numbers, count))
    for n, record in enumerate(found):
        expected = Record(
            offset=acknowledged.get(n, record.offset), key=key(n), value=value(n), headers=client.headers_of(n),
            timestamp=timestamp(n) if client.sets_timestamps else record.timestamp)
        assert record == expected


def describe_difference(numbers, count):
    missing = sorted(set(range(count)) - set(numbers))
    repeated = len(numbers) - len(set(numbers))
    disorder = [n for previous, n in zip(numbers, numbers[1:]) if n <= previous]
    return (
        f"{len(numbers)} records read, {count} produced; missing {len(missing)}: {missing[:5]}, "
        f"repeated {repeated}, out of order {len(disorder)}: {disorder[:5]}")
