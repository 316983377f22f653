"""The other side of CodecInteropTests: codecs of Python's libraries, and of the comparison tool where WIRE_HOME is set.

usage: codecs.py check DIR    unpacks every DIR/*.packed and compares it with the plain file that its name starts with
       codecs.py make DIR     packs every DIR/*.plain in as many ways as clients do

A packed file is called PLAIN.CODEC.HOW.packed. Exit code 3: a library is missing, and its name is printed.
"""
import gzip
import os
import pathlib
import struct
import sys
import zlib

try:
    import cramjam
    import lz4.frame
    import snappy
    import zstandard
except ImportError as missing:
    print(missing.name)
    sys.exit(3)

wire = None
if "WIRE_HOME" in os.environ:
    sys.path.insert(0, os.environ["WIRE_HOME"])
    from wire import compress as wire

WIRE_LIMIT = 70_000         # that side is plain Python, and slow
CODES = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
XERIAL = b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1)


def xerial_blocks(data):
    at = len(XERIAL)
    while at < len(data):
        size = struct.unpack_from(">i", data, at)[0]
        yield data[at + 4:at + 4 + size]
        at += 4 + size


def xerial(data, size, pack):
    blocks = [pack(data[at:at + size]) for at in range(0, len(data), size)]
    return XERIAL + b"".join(struct.pack(">i", len(block)) + block for block in blocks)


def unpack(codec, data):
    """The data as each library sees it."""
    if codec == "gzip":
        return [gzip.decompress(data), bytes(cramjam.gzip.decompress(data))]
    if codec == "snappy":
        assert data.startswith(XERIAL)
        return [b"".join(f(block) for block in xerial_blocks(data))
                for f in (snappy.uncompress, lambda block: bytes(cramjam.snappy.decompress_raw(block)))]
    if codec == "lz4":
        return [lz4.frame.decompress(data), bytes(cramjam.lz4.decompress(data))]
    return [zstandard.ZstdDecompressor().decompressobj().decompress(data) if data else b"",
            bytes(cramjam.zstd.decompress(data))]


def ways(data):
    """(codec, how, packed) for every way to pack."""
    half = len(data) // 2
    for level in (0, 1, 6, 9):
        yield "gzip", f"level{level}", gzip.compress(data, level)
    yield "gzip", "members", gzip.compress(data[:half]) + gzip.compress(data[half:])
    named = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = named.compress(data) + named.flush()
    yield "gzip", "named", b"\x1f\x8b\x08\x08\0\0\0\0\0\x03name\0" + body + struct.pack(
        "<II", zlib.crc32(data), len(data))
    yield "gzip", "cramjam", bytes(cramjam.gzip.compress(data))

    for size in (1000, 32 << 10, 1 << 20):
        if len(data) // size < 3000:
            yield "snappy", f"xerial{size}", xerial(data, size, snappy.compress)
    yield "snappy", "raw", snappy.compress(data)
    yield "snappy", "rawcramjam", bytes(cramjam.snappy.compress_raw(data))

    for name, size in (("64k", 4), ("256k", 5), ("1m", 6), ("4m", 7)):
        for level in (0, 9):
            yield "lz4", f"{name}level{level}", lz4.frame.compress(
                data, block_size=size, block_linked=False, compression_level=level, store_size=False)
    yield "lz4", "checksums", lz4.frame.compress(
        data, block_linked=False, content_checksum=True, block_checksum=True, store_size=True)

    for level in (-5, 1, 3, 19)[:4 if len(data) < 1_000_000 else 3]:
        yield "zstd", f"level{level}", zstandard.ZstdCompressor(level=level).compress(data)
    for level in (3, 22)[:2 if len(data) < 1_000_000 else 1]:
        stream = zstandard.ZstdCompressor(level=level).compressobj()
        yield "zstd", f"stream{level}", stream.compress(data) + stream.flush()
    yield "zstd", "checksum", zstandard.ZstdCompressor(write_checksum=True, write_content_size=False).compress(data)
    pack = zstandard.ZstdCompressor().compress
    skippable = b"\x50\x2a\x4d\x18" + struct.pack("<I", 3) + b"abc"
    yield "zstd", "frames", pack(data[:half]) + skippable + pack(data[half:])

    if wire and len(data) <= WIRE_LIMIT:
        for codec, code in CODES.items():
            yield codec, "wire", wire.compress(code, data)


def main(action, folder):
    done = 0
    if action == "make":
        for plain in sorted(folder.glob("*.plain")):
            for codec, how, packed in ways(plain.read_bytes()):
                (folder / f"{plain.stem}.{codec}.{how}.packed").write_bytes(packed)
                done += 1
    else:
        for path in sorted(folder.glob("*.packed")):
            name, codec, _ = path.name.split(".", 2)
            plain, packed = (folder / f"{name}.plain").read_bytes(), path.read_bytes()
            views = unpack(codec, packed)
            if wire and len(plain) <= WIRE_LIMIT:
                views.append(wire.decompress(CODES[codec], packed))
            for view in views:
                if view != plain:
                    sys.exit(f"{path.name}: other bytes")
            done += 1
    print(done)


main(sys.argv[1], pathlib.Path(sys.argv[2]))
