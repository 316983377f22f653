"""The requests as Schemas/ has them: encoded with their defaults, except where a test puts something else."""
import re
import struct
from dataclasses import dataclass, field

import brokers

FIXED = {
    "bool": 1, "int8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8, "float64": 8, "uuid": 16}
ALL = (0, 1 << 15)


@dataclass
class Field:
    name: str
    type: str
    is_array: bool
    is_nullable: bool = False
    versions: tuple = ALL
    tag: int | None = None
    is_classic: bool = False
    structure: "Structure | None" = None


@dataclass
class Structure:
    fields: list = field(default_factory=list)


@dataclass
class Request:
    """The request of one API."""
    key: int
    name: str
    versions: tuple
    flexible_from: int
    body: Structure
    shared: dict

    def is_flexible(self, version):
        return version >= self.flexible_from

    def header(self, version, correlation=1, tags=b"\0"):
        head = struct.pack(">hhih", self.key, version, correlation, 0)
        return head + tags if self.is_flexible(version) else head

    def frame(self, version, replacing=None, header=None, behind=b""):
        """A request with its length. `replacing` has bytes for some fields by their paths; `behind` follows the body."""
        body = self.encode(self.body, version, replacing or {}, ())
        return sized((self.header(version) if header is None else header) + body + behind)

    def encode(self, structure, version, replacing, path):
        flexible = self.is_flexible(version)
        plain, tagged = [], []
        for each in structure.fields:
            if not each.versions[0] <= version <= each.versions[1]:
                continue
            place = path + (each.name,)
            is_wanted = any(wanted[:len(place)] == place for wanted in replacing)
            if each.tag is None:
                plain.append(self.encode_field(each, version, replacing, place))
            elif is_wanted:
                content = self.encode_field(each, version, replacing, place)
                tagged.append(varint(each.tag) + varint(len(content)) + content)
        ending = varint(len(tagged)) + b"".join(tagged) if flexible else b""
        return b"".join(plain) + ending

    def encode_field(self, each, version, replacing, place):
        if place in replacing:
            return replacing[place]
        compact = self.is_flexible(version) and not each.is_classic
        is_on_the_way = any(wanted[:len(place)] == place for wanted in replacing)
        if each.is_array:
            if not is_on_the_way:
                return count(0, compact)
            return count(1, compact) + self.element(each, version, replacing, place)
        return self.element(each, version, replacing, place)

    def element(self, each, version, replacing=None, place=()):
        """The value of a field that is no array, or of one element of an array."""
        compact = self.is_flexible(version) and not each.is_classic
        structure = each.structure or self.shared.get(each.type)
        if structure:
            return self.encode(structure, version, replacing or {}, place)
        if each.type in FIXED:
            return bytes(FIXED[each.type])
        if each.type == "string":
            return count(0, True) if compact else struct.pack(">h", 0)
        return count(0, compact)

    def fields(self, version, wanted, structure=None, path=()):
        """Path and field of each field, at any depth, of which `wanted` is true."""
        for each in (structure or self.body).fields:
            if not each.versions[0] <= version <= each.versions[1]:
                continue
            if wanted(each):
                yield path + (each.name,), each
            inner = each.structure or self.shared.get(each.type)
            if inner:
                yield from self.fields(version, wanted, inner, path + (each.name,))


def sized(content):
    return struct.pack(">i", len(content)) + content


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def count(number, compact):
    return varint(number + 1) if compact else struct.pack(">i", number)


def versions(word):
    low, dash, high = word.partition("-")
    if word.endswith("+"):
        return int(word[:-1]), ALL[1]
    return (int(low), int(high)) if dash else (int(word), int(word))


def requests():
    """All requests, by key."""
    found = [parse(path.read_text()) for path in sorted((brokers.ROOT / "Schemas").glob("*.message"))]
    return {request.key: request for request in found if request}


def parse(text):
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    lines = iter([words for words in lines if words])
    key = name = None
    for words in lines:
        if words[0] == "api":
            key, name = int(words[1]), words[2]
        elif words[0] == "request":
            flexible = int(words[3][:-1]) if len(words) > 3 and words[2] == "flexible" else ALL[1]
            shared = {}
            body = parse_structure(lines, shared)
            return Request(key, name, versions(words[1]), flexible, body, shared)
    return None


def parse_structure(lines, shared):
    found = Structure()
    for words in lines:
        if words[0] == "}":
            return found
        if words[0] == "struct":
            shared[words[1]] = parse_structure(lines, shared)
            continue
        found.fields.append(parse_field(words, lines, shared))
    raise AssertionError("a structure without an end")


def parse_field(words, lines, shared):
    type_name = words[1]
    each = Field(words[0].rstrip(":"), type_name.strip("[]?"), type_name.startswith("["), type_name.endswith("?"))
    rest = iter(words[2:])
    for word in rest:
        if word == "tag":
            each.tag = int(next(rest))
        elif word in ("nullable", "="):
            next(rest)
        elif word == "classic":
            each.is_classic = True
        elif re.fullmatch(r"\d+(\+|-\d+)?", word):
            each.versions = versions(word)
        elif word == "{":
            each.structure = parse_structure(lines, shared)
            shared.setdefault(each.type, each.structure)
    return each
