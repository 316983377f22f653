"""Writes docs/COMPATIBILITY.md from the list of differences that the wire comparison accepts."""
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ACCEPTED = ROOT / "Tests/Acceptance/wire-accept.txt"
DOCUMENT = ROOT / "docs/COMPATIBILITY.md"

INTRODUCTION = """\
# Where Martlet differs from Apache Kafka 4.3

This page is made by `make compatibility` from `Tests/Acceptance/wire-accept.txt`: do not edit it.

Martlet's answers to some 570 scenarios of raw requests (framing, ApiVersions, Metadata, Produce, idempotence, Fetch and
fetch sessions, offsets, topics, configuration, the cluster's own APIs, and groups: coordinators, the classic protocol, the
consumer protocol of KIP-848, and committed offsets) are compared with those of Apache Kafka 4.3.1, field by field. These
are the differences that are known and meant; any other fails the tests. A line goes when the feature that it waits for
comes.

What the comparison leaves open, because a broker is free there: ids, epochs and addresses of its own, the texts of error
messages, and throttle times.

Not among the scenarios, and different as long as there is one broker:

* A running broker cannot be unregistered (Kafka lets it be, and it stops working).
* Replicas cannot be moved to other brokers. The replicas of a partition can be brought into another order, and a partition
  moves between the log directories of its broker while it is served; a move that a restart interrupts has to be asked for
  again.
* `listeners` and `listener.security.protocol.map` change at a restart only.
* The patterns of client metrics subscriptions are not compiled: of wrong ones only unbalanced brackets are refused.
* The address of an `ip` quota is numbers, not a host's name.
* A fetch counts with its records' bytes for a quota, and not with what is around them.
* The time of a request, for `request_percentage`, is that of its shard without the disk's.
* A classic group that has not had a generation yet is not written to `__consumer_offsets`.
* An address's `connection_creation_rate` counts for this machine's own addresses too; other limits of connections do not.
"""


def differences(text):
    """(scenario, part of the answer, reason) of every line."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield tuple(cell.strip() for cell in line.split("|", 2))


def sections(text):
    """The comments of the list, each with the differences that follow it."""
    section, rows = "", []
    for line in text.splitlines():
        if line.startswith("#"):
            if rows:
                yield section, rows
                section, rows = "", []
            section = (section + " " + line.lstrip("# ").strip()).strip()
        else:
            rows += differences(line)
    if rows:
        yield section, rows


def document():
    parts = [INTRODUCTION]
    for section, rows in sections(ACCEPTED.read_text()):
        parts.append(f"\n{section}\n\n| Why | Part of the answer | Scenarios |\n|---|---|---|\n")
        for (reason, part), group in groupby(rows, key=lambda row: (row[2], row[1])):
            part = "the whole answer" if part == "*" else f"`{part}`"
            scenarios = ", ".join(f"`{row[0]}`" for row in group)
            parts.append(f"| {reason} | {part} | {scenarios} |\n")
    return "".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(document())
