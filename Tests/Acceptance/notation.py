"""The messages of Schemas/*.message: requests made at random from the notation, answers read by it."""
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

SCHEMAS = Path(__file__).resolve().parents[2] / "Schemas"
NUMBERS = {
    "int8": ">b", "int16": ">h", "int32": ">i", "int64": ">q", "uint16": ">H", "uint32": ">I", "float64": ">d",
    "bool": ">?"}
NEVER = 1 << 15


@dataclass
class Field:
    name: str
    type: str
    is_array: bool
    versions: tuple
    nullable: tuple | None
    tag: int | None
    is_classic: bool
    default: str | None = None


@dataclass
class Message:
    key: int
    name: str
    versions: tuple
    flexible: int
    structs: dict = field(default_factory=dict)
    fields: list = field(default_factory=list)


def parse_versions(text, last):
    if text.endswith("+"):
        return int(text[:-1]), last
    first, _, end = text.partition("-")
    return int(first), int(end or first)


def parse_field(line, last):
    name, rest = line.split(":", 1)
    words = rest.replace("{", "").split()
    kind = words.pop(0)
    result = Field(name.strip(), kind.strip("[]?"), kind.startswith("["), (0, last), None, None, False)
    if kind.endswith("?"):
        result.nullable = (0, last)
    while words:
        word = words.pop(0)
        if word == "=":
            result.default = words.pop(0)
            break
        if word == "nullable":
            result.nullable = parse_versions(words.pop(0), last)
        elif word == "tag":
            result.tag = int(words.pop(0))
        elif word == "classic":
            result.is_classic = True
        elif word[0].isdigit():
            result.versions = parse_versions(word, last)
    return result


def parse(text):
    """The requests and responses of one file, by their kind."""
    api = re.search(r"^api (\d+) (\w+)", text, re.M)
    if not api:
        return {}
    messages, open_fields, message = {}, [], None
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        start = re.match(r"(request|response) (\d+(?:-\d+)?)(?: flexible (\d+)\+)?", line)
        if start:
            versions = parse_versions(start[2], 0)
            message = Message(int(api[1]), api[2], versions, int(start[3] or NEVER))
            messages[start[1]] = message
            open_fields = [message.fields]
        elif line == "}":
            open_fields.pop()
        elif line.startswith("struct "):
            open_fields.append(message.structs.setdefault(line.split()[1], []))
        elif open_fields:
            parsed = parse_field(line, message.versions[1])
            open_fields[-1].append(parsed)
            if line.endswith("{"):
                open_fields.append(message.structs.setdefault(parsed.type, []))
    return messages


def load():
    """Request and response of each API, by its key."""
    parsed = [parse(path.read_text()) for path in sorted(SCHEMAS.glob("*.message"))]
    return {messages["request"].key: (messages["request"], messages["response"]) for messages in parsed if messages}


def within(versions, version):
    return versions is not None and versions[0] <= version <= versions[1]


def unsigned_varint(value):
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


class Writer:
    """Writes one message with values that `values` chooses, and notes where its lengths and counts stand."""

    def __init__(self, message, version, values):
        self.message, self.version, self.values = message, version, values
        self.compact = version >= message.flexible
        self.bytes = bytearray()
        # Position, size and whether it is a varint.
        self.lengths = []

    def write(self, fields=None):
        fields = self.message.fields if fields is None else fields
        tagged = []
        for each in fields:
            if not within(each.versions, self.version):
                continue
            if each.tag is None or not self.compact:
                if each.tag is None:
                    self.field(each)
            elif self.values.chance(0.3):
                tagged.append(each)
        if self.compact:
            self.tags(tagged)
        return self

    def tags(self, fields):
        parts = []
        for each in sorted(fields, key=lambda each: each.tag):
            inner = Writer(self.message, self.version, self.values)
            inner.field(each)
            parts.append((each.tag, inner))
        self.length(len(parts) + self.values.unknown_tags())
        for tag, inner in parts:
            self.length(tag)
            self.length(len(inner.bytes))
            self.lengths += [(len(self.bytes) + at, size, is_varint) for at, size, is_varint in inner.lengths]
            self.bytes += inner.bytes
        for number in range(self.values.last_unknown_tags):
            self.bytes += unsigned_varint(100 + number) + b"\x02ab"

    def length(self, value):
        encoded = unsigned_varint(value)
        self.lengths.append((len(self.bytes), len(encoded), True))
        self.bytes += encoded

    def size(self, count, form, is_classic=False):
        """A length or a count; None is null."""
        if self.compact and not is_classic:
            return self.length(0 if count is None else count + 1)
        self.lengths.append((len(self.bytes), struct.calcsize(form), False))
        self.bytes += struct.pack(form, -1 if count is None else count)

    def field(self, each):
        without_value = within(each.nullable, self.version) and self.values.is_null(self.message, each)
        if each.is_array:
            count = None if without_value else self.values.count(self.message, each)
            self.size(count, ">i")
            for _ in range(count or 0):
                self.value(each, False)
        else:
            self.value(each, without_value)

    def value(self, each, without_value):
        if each.type in self.message.structs:
            if not each.is_array and within(each.nullable, self.version):
                self.bytes += b"\xff" if without_value else b"\x01"
            if not without_value:
                self.write(self.message.structs[each.type])
        elif each.type in NUMBERS:
            self.bytes += struct.pack(NUMBERS[each.type], self.values.number(self.message, each))
        elif each.type == "uuid":
            self.bytes += self.values.uuid(self.message, each)
        else:
            content = None if without_value else self.values.content(self.message, each, self.version)
            self.size(None if without_value else len(content), ">h" if each.type == "string" else ">i", each.is_classic)
            self.bytes += content or b""


class Reader:
    """Reads one message, and is strict about it."""

    def __init__(self, message, version, content, at=0):
        self.message, self.version, self.content, self.at = message, version, content, at
        self.compact = version >= message.flexible

    def read(self, fields=None):
        fields = self.message.fields if fields is None else fields
        values, tagged = {}, {}
        for each in fields:
            if within(each.versions, self.version):
                if each.tag is not None:
                    tagged[each.tag] = each
                else:
                    values[each.name] = self.field(each)
        if self.compact:
            for _ in range(self.varint()):
                tag, size = self.varint(), self.varint()
                end = self.at + size
                if tag in tagged:
                    values[tagged[tag].name] = self.field(tagged[tag])
                    assert self.at == end, f"tag {tag} of {self.message.name} has {end - self.at} bytes left"
                self.at = end
        return values

    def all(self):
        values = self.read()
        assert self.at == len(self.content), f"{len(self.content) - self.at} bytes behind {self.message.name}"
        return values

    def take(self, count):
        assert 0 <= count <= len(self.content) - self.at, f"{self.message.name} ends early"
        self.at += count
        return self.content[self.at - count:self.at]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def size(self, form, is_classic=False):
        """A length or a count; -1 is null."""
        if self.compact and not is_classic:
            return self.varint() - 1
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def field(self, each):
        if not each.is_array:
            return self.value(each)
        count = self.size(">i")
        return None if count < 0 else [self.value(each) for _ in range(count)]

    def value(self, each):
        if each.type in self.message.structs:
            if not each.is_array and within(each.nullable, self.version) and self.take(1)[0] >= 0x80:
                return None
            return self.read(self.message.structs[each.type])
        if each.type in NUMBERS:
            return struct.unpack(NUMBERS[each.type], self.take(struct.calcsize(NUMBERS[each.type])))[0]
        if each.type == "uuid":
            return self.take(16)
        size = self.size(">h" if each.type == "string" else ">i", each.is_classic)
        return None if size < 0 else self.take(size)
