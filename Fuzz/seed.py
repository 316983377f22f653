#!/usr/bin/env python3
"""Writes inputs from real bytes, from which fuzzing starts: Fuzz/seed.py FOLDER makes FOLDER/TARGET/….

They come from the vectors and data directories that the tests have, and from the properties files of KAFKA_HOME and the
vectors of WIRE_HOME where these are set.
"""
import hashlib
import json
import os
import re
import struct
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "Tests/Fixtures"
KINDS = {".log": 0, ".index": 1, ".timeindex": 2, ".txnindex": 3, ".snapshot": 4}
BASES = {0: 0, 1: 1, 3: 2, 10: 3, 100: 4, 1000: 5}
CODECS = {1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}


class Seeds:
    def __init__(self, folder):
        self.folder = Path(folder)

    def add(self, target, content):
        if len(content) > 16384:
            return
        folder = self.folder / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)


def part(content):
    return struct.pack(">H", len(content)) + content


def messages(seeds):
    """Every message in every version, behind a header."""
    keys, flexible = {}, {}
    for path in sorted((ROOT / "Schemas").glob("*.message")):
        text = path.read_text()
        api = re.search(r"^api (\d+) (\w+)", text, re.M)
        if api:
            keys[api[2]] = int(api[1])
            for kind, first in re.findall(r"^(request|response) .*?flexible (\d+)\+", text, re.M):
                flexible[api[2] + kind.capitalize()] = int(first)
    stored = ROOT / "Tests/KafkaProtocolMoreTests/Resources/vectors.txt"
    vectors = [line.split() for line in stored.read_text().splitlines()]
    vectors = [(words[0], int(words[1]), words[2] if len(words) > 2 else "") for words in vectors if words[0] != "#"]
    if os.environ.get("WIRE_HOME"):
        for line in Path(os.environ["WIRE_HOME"], "wire/vectors.jsonl").read_text().splitlines():
            vector = json.loads(line)
            vectors.append((vector["message"], vector["version"], vector["bytes"]))
    contents = sorted({name for name, _, _ in vectors if not name.endswith(("Request", "Response"))})
    for name, version, text in vectors:
        body = bytes.fromhex(text)
        tags = b"\0" if version >= flexible.get(name, 1 << 15) else b""
        if name.endswith("Request"):
            header = struct.pack(">hhih", keys[name.removesuffix("Request")], version, 7, 1) + b"c" + tags
            seeds.add("requests", header + body)
        elif name.endswith("Response"):
            key = keys[name.removesuffix("Response")]
            seeds.add("responses", struct.pack(">hhi", key, version, 7) + (b"" if key == 18 else tags) + body)
        else:
            seeds.add("contents", bytes([contents.index(name)]) + struct.pack(">h", version) + body)


def archives():
    """The files of each kept data directory, by path."""
    for path in sorted(FIXTURES.glob("*.tar.gz")):
        with tarfile.open(path) as archive:
            yield {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}


def batches_of(log):
    at = 0
    while at + 61 <= len(log):
        size = 12 + struct.unpack_from(">i", log, at + 8)[0]
        if size < 61 or at + size > len(log):
            return
        yield log[at:at + size]
        at += size


def logs(seeds, files):
    partitions = {}
    for path, content in files.items():
        parts = path.split("/")
        if len(parts) == 3:
            partitions.setdefault(parts[1], {})[parts[2]] = content
    for partition in partitions.values():
        segment = b""
        for name, content in sorted(partition.items()):
            suffix = Path(name).suffix
            if name == "leader-epoch-checkpoint":
                segment += b"\x05\0" + part(content)
                seeds.add("checkpoints", b"\0" + content)
            elif suffix in KINDS and name.split(".")[0].isdigit():
                if suffix == ".log":
                    for number, batch in enumerate(batches_of(content)):
                        if number < 4:
                            batch_seeds(seeds, batch)
                    content = b"".join(list(batches_of(content))[:4])
                base = int(name.split(".")[0])
                if base in BASES and len(content) < 4096:
                    segment += bytes([KINDS[suffix], BASES[base]]) + part(content)
                if suffix in (".index", ".timeindex", ".txnindex"):
                    seeds.add("indexes", bytes([KINDS[suffix] - 1, 0, 9]) + content)
                if suffix == ".snapshot":
                    seeds.add("producers", b"\1" + content)
        for choices in (0x01, 0x13, 0x37):
            seeds.add("segments", bytes([choices, 3]) + segment)


def batch_seeds(seeds, batch):
    sent = struct.pack(">q", 0) + batch[8:]
    for choices in (1, 5, 0x11):
        seeds.add("batches", bytes([choices, 12, batch[22] & 7]) + sent)
    codec = CODECS.get(batch[22] & 7)
    if codec:
        seeds.add(codec, bytes([20, 3]) + batch[61:])


def metadata(seeds, files):
    content = b""
    for path, journal in files.items():
        kind = 0 if path.endswith(".journal") else 1 if path.endswith(".snapshot") and "/metadata/" in path else None
        if kind is None:
            continue
        at, frames, records = 36, journal[:36], b""
        while at + 8 <= len(journal):
            end = at + 8 + struct.unpack_from(">I", journal, at)[0]
            if end > len(journal):
                break
            if len(frames) + end - at < 6000:
                frames += journal[at:end]
            inside = at + 32
            while inside + 4 <= end:
                size = struct.unpack_from(">I", journal, inside)[0]
                records += part(journal[inside + 4:inside + 4 + size])
                inside += 4 + size
            at = end
        seeds.add("metadata", records[:8000])
        content += bytes([kind]) + part(frames)
    seeds.add("journals", b"\1" + content)


def properties(seeds, files):
    for path, content in files.items():
        if path.endswith("meta.properties"):
            seeds.add("checkpoints", b"\2" + content)
        if path.endswith("checkpoint") and path.count("/") == 1:
            seeds.add("checkpoints", b"\1" + content)
    if os.environ.get("KAFKA_HOME"):
        for path in Path(os.environ["KAFKA_HOME"], "config").glob("*.properties"):
            seeds.add("properties", path.read_bytes())
    keys = set()
    for path in (ROOT / "Sources/Configuration").glob("*.swift"):
        keys.update(re.findall(r'"([a-z]+(?:\.[a-z0-9]+)+)"', path.read_text()))
    for key in sorted(keys):
        for value in ("1", "true", "PLAINTEXT://:9092"):
            seeds.add("properties", f"{key}={value}\n".encode())


def main():
    seeds = Seeds(sys.argv[1])
    messages(seeds)
    for files in archives():
        logs(seeds, files)
        metadata(seeds, files)
        properties(seeds, files)
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        seeds.add(codec, bytes([10, 1]) + b"martlet " * 40)


main()
