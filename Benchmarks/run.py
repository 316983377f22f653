#!/usr/bin/env python3
"""The broker's CPU beside that of the least C server (limit.c), interleaved in one run.

    Benchmarks/run.py [--rounds N] [--binary .build/release/martlet] [--cells produce-64k,produce-16k,produce-1k,fetch-64k]

Each round runs every cell on the C server and on Martlet, in turn and then in reverse. What is compared is the server's CPU
time per request; the ratio of a round is taken within the round, and the median of the ratios is printed with its range.
Martlet runs in the page-cache class (flush.messages at Kafka's default), as the C server does.
"""
import argparse
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CELLS = {
    # name: kind, batch bytes, records, connections, in flight, requests
    "produce-64k": ("produce", 65_000, 64, 4, 5, 20_000),
    "produce-16k": ("produce", 16_000, 16, 4, 5, 60_000),
    "produce-1k": ("produce", 1_100, 1, 4, 5, 200_000),
    "fetch-64k": ("fetch", 65_000, 64, 4, 1, 40_000),
}


def build(folder):
    crc = HERE.parent / "Sources/CSystem/crc32c.c"
    include = HERE.parent / "Sources/CSystem/include"
    for name in ("limit", "load"):
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", f"-I{include}", "-o", folder / name, HERE / f"{name}.c", crc], check=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Limit:
    name = "C"

    def __init__(self, folder, binary, records):
        self.port = free_port()
        self.file = folder / "limit.log"
        self.process = subprocess.Popen(
            [folder / "limit", str(self.port), self.file, str(records)], stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.file.unlink()


class Martlet:
    name = "Martlet"

    def __init__(self, folder, binary, records):
        self.data = tempfile.TemporaryDirectory(dir=folder)
        self.process = subprocess.Popen(
            [binary, "server", "--listen", "127.0.0.1:0", "--data", self.data.name,
             "--set", "log.flush.interval.messages=9223372036854775807"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        subprocess.run([binary, "topic", "create", "t", "--bootstrap", f"127.0.0.1:{self.port}"], check=True,
                       stdout=subprocess.DEVNULL)

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.data.cleanup()


def load(folder, port, cell, kind=None, requests=None):
    default_kind, size, records, connections, in_flight, default_requests = cell
    out = subprocess.run(
        [folder / "load", str(port), kind or default_kind, "t", str(size), str(records), str(connections),
         str(in_flight), str(requests or default_requests)], capture_output=True, text=True)
    if out.returncode != 0:
        sys.exit(f"load failed: {out.stdout} {out.stderr}")
    return float(out.stdout.split()[0])


def measure(server_class, folder, binary, cell):
    server = server_class(folder, binary, cell[2])
    try:
        if cell[0] == "fetch":
            load(folder, server.port, cell, "produce", 512)
        load(folder, server.port, cell, requests=max(cell[5] // 10, 512))
        before = cpu_seconds(server.process.pid)
        seconds = load(folder, server.port, cell)
        cpu = cpu_seconds(server.process.pid) - before
        return cpu / cell[5] * 1e6, cell[5] / seconds
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--binary", default=str(HERE.parent / ".build/release/martlet"))
    parser.add_argument("--cells", default=",".join(CELLS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=HERE.parent) as name:
        folder = pathlib.Path(name)
        build(folder)
        results = {cell: {"C": [], "Martlet": []} for cell in options.cells.split(",")}
        for round_number in range(options.rounds):
            for cell in results:
                order = [Limit, Martlet] if round_number % 2 == 0 else [Martlet, Limit]
                for server_class in order:
                    results[cell][server_class.name].append(
                        measure(server_class, folder, options.binary, CELLS[cell]))
            print(f"round {round_number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    print(f"{'cell':12} {'C us':>8} {'Martlet us':>11} {'ratio':>6} {'range':>12} {'Martlet/s':>10}")
    for cell, found in results.items():
        ratios = [m[0] / c[0] for m, c in zip(found["Martlet"], found["C"])]
        print(f"{cell:12} {statistics.median(c[0] for c in found['C']):8.1f} "
              f"{statistics.median(m[0] for m in found['Martlet']):11.1f} {statistics.median(ratios):6.2f} "
              f"{min(ratios):5.2f}-{max(ratios):5.2f} {statistics.median(m[1] for m in found['Martlet']):10.0f}")


if __name__ == "__main__":
    main()
