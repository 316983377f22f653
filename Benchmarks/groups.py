#!/usr/bin/env python3
"""Offset commits beside Apache Kafka: how many a second, and the broker's CPU for a million of them.

    Benchmarks/groups.py [--rounds N] [--kafka DIR] [--shards N] [--cells simple-1,simple-10,…]

Each round runs every cell on Martlet in the page-cache class, on Martlet as it is by default (an answer is synced first)
and, where --kafka (or KAFKA_HOME) names one, on Apache Kafka with its defaults, which is the page-cache class; in turn, and
then in reverse. Every connection commits for a group of its own: *simple* ones are nobody's, as those of tools; behind
*group* stands a member of a classic group, and a generation. The number says how many partitions a request commits. There
are 64 connections, each with one request under way; *few* are 4 with 16, of which a broker takes one after the other.
"""
import argparse
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile

import wire
from run import HERE, cpu_seconds

sys.path.append(str(HERE.parent / "Tests/Acceptance"))
import brokers  # noqa: E402

PARTITIONS = 10
CELLS = {
    # name: is there a member, partitions, connections, in flight, requests
    "simple-1": (False, 1, 64, 1, 100_000),
    "simple-10": (False, 10, 64, 1, 50_000),
    "group-1": (True, 1, 64, 1, 100_000),
    "group-10": (True, 10, 64, 1, 50_000),
    "few-1": (True, 1, 4, 16, 50_000),
}
PAGE_CACHE = {"log.flush.interval.messages": (1 << 63) - 1}
DELAY = {"group.initial.rebalance.delay.ms": 0}


def request(api, version, body):
    return struct.pack(">ihhi", 8 + 8 + len(body) - 2, api, version, 7) + wire.text("load") + body


def ask(connection, api, version, body):
    connection.send(request(api, version, body))
    return connection.receive()


def become_member(connection, group):
    """Generation and member id of the only member of a group."""
    body = wire.text(group) + struct.pack(">ii", 300_000, 300_000) + wire.text("") + wire.text("consumer")
    body += struct.pack(">i", 1) + wire.text("range") + struct.pack(">i", 0)
    answer = ask(connection, 11, 1, body)
    error, generation = struct.unpack_from(">hi", answer, 4)
    assert error == 0, error
    at = 10
    for _ in range(3):
        size = struct.unpack_from(">h", answer, at)[0]
        member, at = answer[at + 2:at + 2 + size].decode(), at + 2 + size
    body = wire.text(group) + struct.pack(">i", generation) + wire.text(member) + struct.pack(">i", 1)
    answer = ask(connection, 14, 0, body + wire.text(member) + struct.pack(">i", 0))
    assert struct.unpack_from(">h", answer, 4)[0] == 0
    return generation, member


def commit(group, generation, member, partitions):
    """An OffsetCommit of version 7."""
    body = wire.text(group) + struct.pack(">i", generation) + wire.text(member) + struct.pack(">h", -1)
    body += struct.pack(">i", 1) + wire.text("t") + struct.pack(">i", partitions)
    body += b"".join(struct.pack(">iqih", number, 1_000_000, -1, 0) for number in range(partitions))
    return request(8, 7, body)


def committed(partitions):
    rows = b"".join(struct.pack(">ih", number, 0) for number in range(partitions))
    content = struct.pack(">iii", 7, 0, 1) + wire.text("t") + struct.pack(">i", partitions) + rows
    return struct.pack(">i", len(content)) + content


def wait_for_coordinator(connection, group):
    while True:
        answer = ask(connection, 10, 1, wire.text(group) + b"\0")
        listed = ask(connection, 15, 0, struct.pack(">i", 1) + wire.text(group))
        if struct.unpack_from(">h", answer, 8)[0] == 0 and struct.unpack_from(">h", listed, 8)[0] == 0:
            return


class Server:
    def __init__(self, name, broker, create, share=1):
        self.name, self.broker, self.share = name, broker, share
        broker.start()
        create(broker)
        self.connection = wire.Connection(broker.port)
        self.groups = 0

    def pairs(self, is_group, partitions, connections):
        content = b""
        for _ in range(connections):
            self.groups += 1
            group = f"group-{self.groups}"
            wait_for_coordinator(self.connection, group)
            generation, member = become_member(self.connection, group) if is_group else (-1, "")
            content += commit(group, generation, member, partitions) + committed(partitions)
        return content

    def measure(self, folder, cell):
        """Commits a second, and seconds of CPU for a million."""
        is_group, partitions, connections, in_flight, requests = cell
        requests //= self.share
        pairs = self.pairs(is_group, partitions, connections)
        self.pour(folder, pairs, in_flight, requests // 10)
        before = cpu_seconds(self.broker.pid)
        seconds = self.pour(folder, pairs, in_flight, requests)
        commits = requests * partitions
        return commits / seconds, (cpu_seconds(self.broker.pid) - before) / commits * 1e6

    def pour(self, folder, pairs, in_flight, requests):
        done = subprocess.run(
            [folder / "pour", str(self.broker.port), str(in_flight), str(requests)], input=pairs, capture_output=True)
        if done.returncode != 0:
            sys.exit(f"{self.name}: {done.stderr.decode()}\n{self.broker.log_tail()}")
        return float(done.stdout)


def create_with_martlet(binary):
    def create(broker):
        subprocess.run(
            [binary, "topic", "create", "t", "--partitions", str(PARTITIONS), "--bootstrap", broker.address,
             "--timeout", "60"], check=True, stdout=subprocess.DEVNULL)
    return create


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", default=str(HERE.parent / ".build/release/martlet"))
    parser.add_argument("--kafka", default=os.environ.get("KAFKA_HOME"))
    parser.add_argument("--shards", type=int, help="martlet.shards; by default one less than the cores")
    parser.add_argument("--cells", default=",".join(CELLS))
    options = parser.parse_args()
    brokers.BINARY, brokers.KAFKA_HOME = options.binary, options.kafka
    create = create_with_martlet(options.binary)
    settings = DELAY | ({"martlet.shards": options.shards} if options.shards else {})
    with tempfile.TemporaryDirectory(dir=HERE.parent) as name:
        folder = pathlib.Path(name)
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", folder / "pour", HERE / "pour.c"], check=True)
        servers = [
            Server("Martlet", brokers.Martlet(folder / "cached", settings | PAGE_CACHE), create),
            Server("Martlet, synced", brokers.Martlet(folder / "synced", settings), create, share=10)]
        if options.kafka:
            servers.append(Server("Kafka", brokers.Kafka(folder / "kafka", DELAY), create))
        try:
            report(servers, *measure(servers, folder, options))
        finally:
            for server in servers:
                server.broker.kill()


def measure(servers, folder, options):
    cells = options.cells.split(",")
    found = {cell: {server.name: [] for server in servers} for cell in cells}
    for number in range(options.rounds):
        for cell in cells:
            for server in servers if number % 2 == 0 else reversed(servers):
                found[cell][server.name].append(server.measure(folder, CELLS[cell]))
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    return cells, found


def report(servers, cells, found):
    base = found[cells[0]].keys() & {"Kafka"}
    for cell in cells:
        for server in servers:
            rates, cpu = zip(*found[cell][server.name])
            line = (f"{cell:10} {server.name:16} {statistics.median(rates):9.0f} commits/s ({min(rates):.0f}-{max(rates):.0f}), "
                    f"{statistics.median(cpu):6.2f} s of CPU a million")
            if base and server.name != "Kafka":
                ratios = [one[0] / other[0] for one, other in zip(found[cell][server.name], found[cell]["Kafka"])]
                line += f"; Kafka's rate times {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
            print(line)


if __name__ == "__main__":
    main()
