"""What the disk is asked for, and what happens when it says no."""
import re
import subprocess
import threading

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaStorageError

import clients
import records
from raw import Raw, batch_spans

CORRUPT_MESSAGE = 2


def produce_one(broker, topic, number, padding=0):
    """Produces one record without retries; the offset, or the broker's error as an exception."""
    producer = KafkaProducer(
        bootstrap_servers=broker.address, retries=0, enable_idempotence=False, acks="all", max_request_size=2 << 20)
    try:
        value = records.value(number) + b" " * padding
        return producer.send(topic, value, records.key(number), partition=0).get(30).offset
    finally:
        producer.close()


def numbers_in(broker, topic):
    return [records.number(record) for record in clients.Confluent().consume(broker, topic, 0)]


@pytest.mark.martlet
def test_every_acknowledgement_follows_a_sync(make_broker, tmp_path):
    trace = tmp_path / "syncs"
    broker = make_broker(prefix=["strace", "-D", "-f", "-e", "trace=fdatasync,syncfs", "-o", str(trace)]).start()
    clients.create_topic(broker, "synced")
    before = count_syncs(trace)
    producer = clients.Producer({"bootstrap.servers": broker.address, "acks": "all", "linger.ms": 0})
    for number in range(100):
        producer.produce("synced", records.value(number), partition=0)
        assert producer.flush(30) == 0
    assert broker.stop() == 0
    syncs = count_syncs(trace) - before
    print(f"{syncs} syncs for 100 single records")
    assert syncs >= 100


def count_syncs(trace):
    return len(re.findall(r"(?:fdatasync|syncfs)(?:\(\d+\)| resumed>\))\s+= 0", trace.read_text()))


@pytest.mark.martlet
def test_disk_full_recovers_by_itself(make_broker, small_disk):
    disk = small_disk(48)
    broker = make_broker()
    broker.data = disk / "data"
    broker.start()
    clients.create_topic(broker, "full")
    stored = [number for number in range(8) if produce_one(broker, "full", number, 900_000) is not None]
    ballast = disk / "ballast"
    fill(ballast)
    with pytest.raises(KafkaStorageError):
        for number in range(8, 60):
            produce_one(broker, "full", number, 900_000)
            stored.append(number)
    assert numbers_in(broker, "full") == stored, "reads go on while the disk is full"
    ballast.unlink()
    produce_one(broker, "full", 1000)
    assert numbers_in(broker, "full") == [*stored, 1000], "no restart was needed"
    broker.restart_after_kill()
    assert numbers_in(broker, "full") == [*stored, 1000]


def fill(path):
    """Writes until the file system is full, then leaves 4 MiB of it."""
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * (1 << 20))
        except OSError:
            file.truncate(file.tell() - (4 << 20))


@pytest.mark.martlet
def test_failed_sync_fences_the_directory_until_a_restart(broker):
    clients.create_topic(broker, "fenced")
    stored = list(range(20))
    for number in stored:
        produce_one(broker, "fenced", number)
    strace = inject_sync_errors(broker)
    with pytest.raises(KafkaStorageError):
        produce_one(broker, "fenced", 100)
    strace.terminate()
    strace.wait(30)
    with pytest.raises(KafkaStorageError):
        produce_one(broker, "fenced", 101)
    assert numbers_in(broker, "fenced") == stored, "reads below the high watermark go on"
    broker.restart_after_kill()
    produce_one(broker, "fenced", 102)
    found = numbers_in(broker, "fenced")
    assert found[:20] == stored
    # The record whose sync failed was never acknowledged: it may be there or not, as after any crash.
    assert found[20:] in ([102], [100, 102])


def inject_sync_errors(broker):
    """Attaches strace to all of the broker's threads: from now on every sync fails with EIO."""
    strace = subprocess.Popen(
        ["strace", "-f", "-p", str(broker.pid), "-e", "trace=fdatasync,syncfs", "-e",
         "inject=fdatasync,syncfs:error=EIO", "-o", "/dev/null"], stderr=subprocess.PIPE, text=True)
    attached = threading.Event()

    def read():
        for line in strace.stderr:
            if "attached" in line:
                attached.set()

    threading.Thread(target=read, daemon=True).start()
    if not attached.wait(30):
        strace.kill()
        pytest.skip("strace cannot attach to a process here")
    return strace


@pytest.mark.martlet
def test_corrupt_middle_is_answered_for_its_range_only(broker):
    client, progress = clients.Confluent(), clients.Progress()
    clients.create_topic(broker, "corrupt")
    client.produce(broker, "corrupt", 0, "none", range(60_000), progress)
    assert broker.stop() == 0
    log = broker.data / "corrupt-0" / "00000000000000000000.log"
    content = bytearray(log.read_bytes())
    spans = list(batch_spans(content))
    assert len(content) > 5 << 20, "several blocks of 1 MiB, or there would be nothing but the range"
    middle = spans[len(spans) // 2]
    position = sum(size for _, _, size in spans[: len(spans) // 2])
    content[position + middle[2] - 10] ^= 0x40
    log.write_bytes(content)

    broker.start()
    connection = Raw(broker)
    error, data = connection.fetch("corrupt", 0, middle[0])
    assert (error, data) == (CORRUPT_MESSAGE, b"")
    readable = 0
    for first, last, size in spans:
        error, data = connection.fetch("corrupt", 0, first, size)
        assert error in (0, CORRUPT_MESSAGE)
        if error == 0:
            at = sum(s for f, _, s in spans if f < first)
            assert data[:size] == bytes(content[at:at + size])
            assert (first, last) != middle[:2]
            readable += size
    assert readable >= len(content) - (2 << 20), "only the range around the flipped bit is lost"
    assert re.search(r"(ERROR|error).*corrupt", broker.log_text()), "it is said loudly"
    produce_one(broker, "corrupt", 60_000)
    tail = connection.fetch("corrupt", 0, spans[-1][0], 1 << 20)
    assert tail[0] == 0 and list(batch_spans(tail[1]))[-1][1] == 60_000
