#!/usr/bin/env python3
"""How one broker carries many partitions and much data.

    Benchmarks/scale.py partitions [--count 10000] [--rounds 5]   creating, stopping, starting, memory, /metrics
    Benchmarks/scale.py recovery [--gib 10] [--partitions 200]    kill -9 while producing, then the start
    Benchmarks/scale.py compaction [--keys 2000000] [--gib 1]     MB/s of one pass, and a producer's times meanwhile

Needs Python and, for compaction, cc; the data goes to --data and is removed at the end (--keep leaves it).
"""
import argparse
import itertools
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import run
import wire

HERE = pathlib.Path(__file__).resolve().parent


class Broker:
    """A broker process, ready to serve when this returns."""

    def __init__(self, binary, data, *settings):
        self.binary = binary
        began = time.monotonic()
        self.process = subprocess.Popen(
            [binary, "server", "--listen", "127.0.0.1:0", "--data", data]
            + [word for setting in ("martlet.http.listeners=127.0.0.1:0",) + settings for word in ("--set", setting)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        line = self.process.stdout.readline()
        self.start_seconds = time.monotonic() - began
        self.start_cpu = self.cpu()
        if not line:
            self.process.wait()
            self.reader.join()
            sys.exit("the broker did not start:\n" + "".join(self.lines))
        self.port = int(line.rsplit(":", 1)[1])

    def read_log(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """MB resident now, and at most so far."""
        fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines())
        return tuple(int(fields[name].split()[0]) / 1000 for name in ("VmRSS", "VmHWM"))

    def create(self, topic, partitions, *settings):
        words = [word for setting in settings for word in ("--config", setting)]
        subprocess.run(
            [self.binary, "topic", "create", topic, "--partitions", str(partitions), "--bootstrap",
             f"127.0.0.1:{self.port}", "--timeout", "120"] + words, check=True, stdout=subprocess.DEVNULL)

    def metrics(self):
        address = next(line.rsplit("address=", 1)[1].split()[0] for line in self.lines if "metrics and health" in line)
        with urllib.request.urlopen(f"{address}/metrics", timeout=60) as answer:
            return answer.read()

    def stop(self):
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait() != 0:
            sys.exit("the broker did not stop in order:\n" + "".join(self.lines[-20:]))
        return time.monotonic() - began

    def kill(self):
        self.process.kill()
        self.process.wait()


def partitions(options, data):
    topics = 10
    each = options.count // topics
    broker = Broker(options.binary, data)
    began = time.monotonic()
    before = broker.cpu()
    for number in range(topics):
        broker.create(f"topic-{number}", each)
    print(f"create {topics} × {each} partitions   {time.monotonic() - began:6.2f} s, {broker.cpu() - before:.2f} s of CPU")
    small = wire.batch([(b"key", b"x" * 100)])
    connection = wire.Connection(broker.port)
    began = time.monotonic()
    before = broker.cpu()
    connection.pour([
        wire.produce(f"topic-{number}", {partition: small for partition in range(start, min(start + 500, each))})
        for number in range(topics) for start in range(0, each, 500)])
    print(f"a record to each of them      {time.monotonic() - began:6.2f} s, {broker.cpu() - before:.2f} s of CPU")
    report_memory(broker)
    began = time.monotonic()
    before = broker.cpu()
    size = len(broker.metrics())
    print(f"/metrics, {size / 1e6:.2f} MB           {time.monotonic() - began:6.3f} s, {broker.cpu() - before:.2f} s of CPU")
    report_memory(broker)
    before = broker.cpu()
    print(f"clean stop                    {broker.stop():6.2f} s")
    seconds, cpu, stops = [], [], []
    for _ in range(options.rounds):
        broker = Broker(options.binary, data)
        seconds.append(broker.start_seconds)
        cpu.append(broker.start_cpu)
        time.sleep(0.5)
        memory = broker.memory()
        stops.append(broker.stop())
    print(f"start after it                {statistics.median(seconds):6.2f} s ({min(seconds):.2f}–{max(seconds):.2f}), "
          f"{statistics.median(cpu):.2f} s of CPU; {memory[0]:.0f} MB, at most {memory[1]:.0f} MB")
    print(f"stop without any change       {statistics.median(stops):6.2f} s ({min(stops):.2f}–{max(stops):.2f})")
    return 0


def report_memory(broker):
    print("memory                        {:.0f} MB, at most {:.0f} MB".format(*broker.memory()))


def recovery(options, data):
    settings = [f"log.flush.interval.messages={options.flush_messages}"] if options.flush_messages else []
    broker = Broker(options.binary, data, *settings)
    broker.create("t", options.partitions)
    large = wire.batch([(None, os.urandom(1_000)) for _ in range(64)])
    group = 16
    requests = [
        wire.produce("t", {partition: large for partition in range(start, min(start + group, options.partitions))})
        for start in range(0, options.partitions, group)]
    rounds = int(options.gib * (1 << 30) / len(large) / options.partitions)
    connection = wire.Connection(broker.port)
    began = time.monotonic()
    connection.pour(requests * rounds, in_flight=8)
    elapsed = time.monotonic() - began
    total = rounds * len(large) * options.partitions
    print(f"wrote {total / (1 << 30):.1f} GiB in {options.partitions} partitions at {total / elapsed / 1e6:.0f} MB/s")
    producer = threading.Thread(target=lambda: pour_until_killed(broker.port, requests))
    producer.start()
    time.sleep(3)
    broker.kill()
    producer.join()
    broker = Broker(options.binary, data, *settings)
    checked = [line for line in broker.lines if "recovered" in line or "cut" in line]
    print(f"ready after kill -9           {broker.start_seconds:6.2f} s, {broker.start_cpu:.2f} s of CPU; "
          "{:.0f} MB, at most {:.0f} MB".format(*broker.memory()))
    print(f"lines of the log about it: {len(checked)}")
    broker.stop()
    return 0


def compaction(options, data):
    folder = pathlib.Path(data + "-tools")
    folder.mkdir()
    try:
        run.build(folder)
        library = folder / "crc.so"
        source = HERE.parent / "Sources/CSystem"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", f"-I{source}/include", "-o", library, source / "crc32c.c"], check=True)
        wire.use(library)
        return compact(options, data, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compact(options, data, folder):
    """Every key several times over, loaded while nothing is compacted; then two starts, one with and one without a cleaner."""
    settings = [f"log.flush.interval.messages={1 << 62}", "log.cleaner.backoff.ms=2000"]
    broker = Broker(options.binary, data, "log.cleaner.enable=false", *settings)
    broker.create("c", 1, "cleanup.policy=compact", "segment.bytes=268435456", "min.cleanable.dirty.ratio=0.01")
    broker.create("t", 1)
    each = 64
    keys = iter(random.Random(1).sample(range(options.keys), options.keys))
    batches = []
    while group := list(itertools.islice(keys, each)):
        batches.append(wire.batch([(b"key-%012d" % key, b"%08d" % key * 10) for key in group]))
    requests = [wire.produce("c", {0: b}) for b in batches]
    rounds = max(int(options.gib * (1 << 30) / sum(map(len, batches))), 2)
    wire.Connection(broker.port).pour(requests * rounds, in_flight=64)
    total = sum(map(len, batches)) * rounds
    print(f"{options.keys} keys, each {rounds} times, {total / 1e6:.0f} MB in batches of {each} records of about 110 bytes")
    broker.stop()
    for cleaner in ("false", "true"):
        broker = Broker(options.binary, data, f"log.cleaner.enable={cleaner}", *settings)
        before = broker.cpu()
        began = time.monotonic()
        paced = subprocess.run(
            [folder / "load", str(broker.port), "produce", "t", "1100", "1", "1", "1000", str(options.rate * 20), str(options.rate)],
            capture_output=True, text=True, check=True).stdout.split()[4:]
        print(f"cleaner {cleaner}: 1 KiB at {options.rate}/s for 20 s: "
              + ", ".join(f"{name} {value} µs" for name, value in zip(("p50", "p99", "p99.9", "longest"), paced)))
        if cleaner == "true":
            while not (found := [line for line in broker.lines if "compacted" in line]) and time.monotonic() - began < 600:
                time.sleep(0.2)
            print(f"CPU of the broker meanwhile   {broker.cpu() - before:.1f} s")
            for line in found:
                fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
                print(f"compacted {int(fields['before']) / 1e6:.0f} MB to {int(fields['after']) / 1e6:.0f} MB, "
                      f"{fields['keys']} keys, in {fields['ms']} ms: {int(fields['before']) / 1e3 / int(fields['ms']):.0f} MB/s")
        broker.stop()
    return 0


def pour_until_killed(port, requests):
    try:
        connection = wire.Connection(port)
        while True:
            connection.pour(requests, in_flight=8)
    except OSError:
        return


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["partitions", "recovery", "compaction"])
    parser.add_argument("--binary", default=str(HERE.parent / ".build/release/martlet"))
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--gib", type=float)
    parser.add_argument("--keys", type=int, default=2_000_000)
    parser.add_argument("--rate", type=int, default=1_000, help="requests a second while a log is compacted")
    parser.add_argument("--partitions", type=int, default=200)
    parser.add_argument("--flush-messages", type=int, help="log.flush.interval.messages; by default every batch is synced")
    parser.add_argument("--data", help="a new folder for the data; by default beside the sources")
    parser.add_argument("--keep", action="store_true", help="leave the data where it is")
    options = parser.parse_args()
    options.gib = options.gib or {"recovery": 10, "compaction": 1}.get(options.what)
    data = options.data or tempfile.mkdtemp(dir=HERE.parent, prefix=".scale-")
    try:
        return {"partitions": partitions, "recovery": recovery, "compaction": compaction}[options.what](options, data)
    finally:
        if not options.keep:
            shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
