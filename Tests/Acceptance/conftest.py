import os
import subprocess

import pytest

import brokers
from tools import Tools


def pytest_configure(config):
    config.addinivalue_line("markers", "martlet: about Martlet itself; not run against Apache Kafka")


def pytest_collection_modifyitems(items):
    for item in items:
        if brokers.REFERENCE and item.get_closest_marker("martlet"):
            item.add_marker(pytest.mark.skip(reason="about Martlet itself"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for broker in getattr(item, "brokers", []):
            report.sections.append((f"log of the broker, {broker.log}", broker.log_tail()))
    return report


@pytest.fixture
def make_broker(request, tmp_path):
    """Makes brokers that are not started yet; what still runs at the end of the test is killed."""
    request.node.brokers = made = []

    def make(name="broker", **options):
        kind = brokers.Kafka if brokers.REFERENCE else brokers.Martlet
        made.append(kind(tmp_path / name, **options))
        return made[-1]

    yield make
    for broker in made:
        if broker.process and broker.process.poll() is None:
            broker.kill()


@pytest.fixture
def broker(make_broker):
    """A running broker with a data directory of its own."""
    return make_broker().start()


@pytest.fixture
def kafka_tools(broker):
    """The command-line tools of Apache Kafka, talking to the broker."""
    return Tools(need("KAFKA_HOME"), broker)


def need(variable):
    """The value of the environment variable; without it the test is skipped."""
    value = os.environ.get(variable)
    if not value:
        print(f"SKIPPED: {variable} is not set")
        pytest.skip(f"{variable} is not set")
    return value


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a file system of the given size in MiB; unmounts it in the end."""
    mounted = []

    def mount(megabytes):
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "martlet-test", str(place)], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"cannot mount here: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)
