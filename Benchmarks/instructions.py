#!/usr/bin/env python3
"""The user instructions and the system calls of one request, which no neighbour of the machine can change.

    Benchmarks/instructions.py [--binary .build/release/martlet] [--cells produce-1k,…] [--functions N]

Instructions: callgrind counts a short and a long run, and the difference is divided by the requests between them. The
binary is stripped for it, as valgrind cannot read Swift's debug information. System calls: strace over one run. --functions
says which functions the instructions are of. Needs valgrind, strace and cc.
"""
import argparse
import bisect
import collections
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

import run

FEW, MANY = 1_000, 4_000


class Server:
    def __init__(self, words, binary, data):
        self.process = subprocess.Popen(
            words + [binary, "server", "--listen", "127.0.0.1:0", "--data", data,
                     "--set", "log.flush.interval.messages=9223372036854775807"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def stop(self):
        # strace does not hand the signal on.
        number = self.process.pid
        children = pathlib.Path(f"/proc/{number}/task/{number}/children").read_text().split()
        os.kill(int(children[0]) if children else number, signal.SIGTERM)
        self.process.wait()


def prepared(words, folder, binary, cell, requests):
    """A server that has answered so many requests of the cell, and is stopped."""
    with tempfile.TemporaryDirectory(dir=folder) as data:
        server = Server(words, binary, data)
        try:
            subprocess.run([binary, "topic", "create", "t", "--bootstrap", f"127.0.0.1:{server.port}", "--timeout", "60"],
                           check=True, stdout=subprocess.DEVNULL)
            if cell[0] == "fetch":
                run.load(folder, server.port, cell, "produce", 512)
            run.load(folder, server.port, cell, requests=requests)
        finally:
            server.stop()


def count(folder, binary, cell, requests):
    """Instructions by function, as callgrind names them."""
    out = folder / f"callgrind.{requests}"
    prepared(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"], folder, binary, cell, requests)
    text = subprocess.run(["callgrind_annotate", "--threshold=100", out], capture_output=True, text=True).stdout
    counts = collections.Counter()
    for line in text.splitlines():
        found = re.match(r"\s*([\d,]+) .*?:(\S+)(?: \[|$)", line)
        if found and not line.rstrip().endswith("TOTALS"):
            counts[found[2].split("'")[0].rsplit(":", 1)[-1]] += int(found[1].replace(",", ""))
    return counts


class Symbols:
    """Names for the addresses in a stripped binary, by the one that it was made of."""

    def __init__(self, binary):
        lines = (line.split() for line in subprocess.run(["nm", binary], capture_output=True, text=True).stdout.splitlines())
        self.all = sorted((int(line[0], 16), line[2]) for line in lines if len(line) == 3 and line[1] in "tTwW")
        self.addresses = [address for address, _ in self.all]

    def name(self, place):
        if not place.startswith("0x"):
            return place
        at = bisect.bisect_right(self.addresses, int(place, 16)) - 1
        return self.all[at][1] if at >= 0 else place


def instructions(folder, binary, stripped, cell, functions):
    few, many = count(folder, stripped, cell, FEW), count(folder, stripped, cell, MANY)
    symbols = Symbols(binary)
    by_name = collections.Counter()
    for place in many.keys() | few.keys():
        by_name[symbols.name(place)] += many[place] - few[place]
    total = sum(by_name.values()) / (MANY - FEW)
    top = by_name.most_common(functions)
    plain = subprocess.run(["swift", "demangle", "--simplified"], input="\n".join(name for name, _ in top),
                           capture_output=True, text=True).stdout.splitlines() if top else []
    for (_, number), name in zip(top, plain):
        print(f"    {number / (MANY - FEW):8.0f}  {name[:110]}")
    return total


def system_calls(folder, binary, cell):
    """Calls of a kind per request."""
    totals = []
    for requests in (FEW, MANY):
        out = folder / f"strace.{requests}"
        prepared(["strace", "-f", "-c", "-o", out], folder, binary, cell, requests)
        lines = (line.split() for line in out.read_text().splitlines())
        totals.append({line[-1]: int(line[3]) for line in lines if len(line) >= 5 and line[3].isdigit() and line[-1] != "total"})
    few, many = totals
    return {name: (calls - few.get(name, 0)) / (MANY - FEW) for name, calls in many.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(run.HERE.parent / ".build/release/martlet"))
    parser.add_argument("--cells", default=",".join(run.CELLS))
    parser.add_argument("--functions", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=run.HERE.parent) as name:
        folder = pathlib.Path(name)
        run.build(folder)
        stripped = folder / "martlet"
        subprocess.run(["strip", "-o", stripped, options.binary], check=True)
        for cell in options.cells.split(","):
            total = instructions(folder, options.binary, stripped, run.CELLS[cell], options.functions)
            calls = system_calls(folder, options.binary, run.CELLS[cell])
            listed = ", ".join(f"{name} {number:.2f}" for name, number in sorted(calls.items(), key=lambda item: -item[1])
                               if number >= 0.01)
            print(f"{cell:12} {total:8.0f} instructions, {sum(calls.values()):.2f} system calls a request: {listed}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
