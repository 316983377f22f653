"""Every answer compared with Apache Kafka's, and the document of the differences that are meant."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

import brokers
import compatibility
from conftest import need

AREAS = (
    "framing,apiversions,metadata,produce,idempotence,fetch,fetchsession,offsets,topics,configs,cluster,"
    "coordinator,group,groupoffsets,consumergroup")
SETTINGS = {
    "num.partitions": 1, "offsets.topic.replication.factor": 1, "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1, "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1, "group.initial.rebalance.delay.ms": 0,
}


@pytest.mark.timeout(600)
def test_no_difference_that_is_not_accepted(make_broker):
    home = need("WIRE_HOME")
    broker = make_broker(settings=SETTINGS).start()
    accept = [] if brokers.REFERENCE else ["--accept", str(compatibility.ACCEPTED)]
    done = subprocess.run(
        [sys.executable, "-m", "wire.diff", "--golden", "wire/golden", "--b", broker.address, "--only", AREAS, *accept],
        cwd=home, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("same ")]
    print("\n".join(lines))
    assert done.returncode == 0, "\n".join(lines[-200:])


def test_compatibility_document_is_up_to_date():
    assert compatibility.DOCUMENT.read_text() == compatibility.document(), "run `make compatibility`"


def test_every_accepted_difference_is_agreed():
    home = Path(need("WIRE_HOME"))
    agreed = {row[:2] for row in compatibility.differences((home / "wire/accept/groups.txt").read_text())}
    ours = {row[:2] for row in compatibility.differences(compatibility.ACCEPTED.read_text())}
    assert ours <= agreed, "an accepted difference that nobody has agreed to"
