"""kill -9 in the middle of producing, again and again: nothing acknowledged is lost, nothing is there twice."""
import os

import pytest

import clients
import records

COUNT = int(os.environ.get("KILL9_RECORDS", 250_000))
KILLS_PER_CODEC = int(os.environ.get("KILL9_KILLS_PER_CODEC", 1))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("client", clients.ALL, ids=lambda client: client.name)
def test_kill9(broker, client):
    clients.create_topic(broker, "survivor", partitions=len(records.CODECS))
    count = COUNT // len(records.CODECS)
    kills = []
    for partition, codec in enumerate(records.CODECS):
        progress = clients.Progress()
        producer = clients.Background(client.produce, broker, "survivor", partition, codec, range(count), progress)
        for kill in range(KILLS_PER_CODEC):
            kills.append(kill_in_flight(broker, client, progress, at=count * (kill + 1) // (KILLS_PER_CODEC + 1)))
        producer.finish()
        assert not progress.failed
        assert progress.delivered == count
        records.check(client.consume(broker, "survivor", partition), count, client, progress.acknowledged)
    print(f"{client.name}: {count * len(records.CODECS)} records, unacknowledged at each kill -9: {kills}")
    assert len(kills) >= 5


def kill_in_flight(broker, client, progress, at):
    """Kills the broker once some records are acknowledged and more wait for it, and starts it again; how many waited."""
    progress.wait_until(lambda: progress.delivered >= at and progress.outstanding > client.busy)
    with progress.changed:
        outstanding = progress.outstanding
        broker.process.kill()
    broker.process.wait(30)
    broker.start()
    return outstanding
