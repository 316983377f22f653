"""Metrics as Prometheus sees them, and health as whoever probes it does."""
import json
import re
import subprocess
import threading
import urllib.error
import urllib.request

import pytest
from confluent_kafka import Consumer, TopicPartition

import brokers
import clients
import records
from prometheus import Prometheus

pytestmark = pytest.mark.martlet

TOPICS = {"orders": 4_000, "clicks": 2_500, "audit.log_2": 700}
# And not those that the broker keeps for itself.
OF_CLIENTS = 'topic!~"__.*"'


@pytest.fixture
def observed(make_broker):
    """A broker that serves HTTP; its address is `broker.http`."""
    port = brokers.free_ports(1)[0]
    broker = make_broker(settings={"martlet.http.listeners": f"127.0.0.1:{port}"})
    broker.http = f"127.0.0.1:{port}"
    return broker.start()


def get(broker, path):
    try:
        with urllib.request.urlopen(f"http://{broker.http}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def panels(dashboard):
    for panel in dashboard["panels"]:
        yield from panel.get("targets", [])


def test_prometheus_counts_what_was_produced(observed, tmp_path):
    with Prometheus(tmp_path / "prometheus", observed.http) as prometheus:
        work, readers = [], []
        for topic, count in TOPICS.items():
            clients.create_topic(observed, topic)
            progress = clients.Progress()
            work.append(clients.Background(
                clients.Confluent().produce, observed, topic, 0, "zstd", range(count), progress))
        for each in work:
            each.finish()
        for topic, count in TOPICS.items():
            assert len(clients.Confluent().consume(observed, topic, 0)) == count
        family = "kafka_server_brokertopicmetrics_messagesin_total"
        expected = {(("topic", topic),): count for topic, count in TOPICS.items()} | {(("topic", "(other)"),): 0}
        prometheus.wait_until(
            lambda: prometheus.query(f'{family}{{topic!="",{OF_CLIENTS}}}') == expected,
            "messages in equal what was produced")
        assert prometheus.value(family + '{topic=""}') == sum(TOPICS.values())
        ends = prometheus.query(f"kafka_log_log_logendoffset{{{OF_CLIENTS}}}")
        assert ends == {(("partition", "0"), ("topic", topic)): count for topic, count in TOPICS.items()}
        size = sum(segment.stat().st_size for topic in TOPICS for segment in (observed.data / f"{topic}-0").glob("*.log"))
        assert prometheus.value('sum(kafka_log_log_size)') <= size
        assert prometheus.value('kafka_server_brokertopicmetrics_bytesin_total{topic=""}') == prometheus.value(
            'sum(kafka_log_log_size)')
        prometheus.wait_until(
            lambda: prometheus.value('kafka_server_brokertopicmetrics_bytesout_total{topic=""}') == prometheus.value(
                'sum(kafka_log_log_size)'), "bytes out equal what was consumed")
        target = prometheus.target()
        assert (target["health"], target["lastError"]) == ("up", "")
        assert prometheus.value("min_over_time(up[5m])") == 1, "no scrape failed under load"
        commit_something(observed)
        check_dashboard(prometheus)


def commit_something(broker):
    """So that there is a group."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "readers", "enable.auto.commit": False})
    consumer.commit(offsets=[TopicPartition("orders", 0, 1)], asynchronous=False)
    consumer.close()


def check_dashboard(prometheus):
    """Every query of the dashboard is one that Prometheus understands, and but for errors finds something."""
    dashboard = json.loads((brokers.ROOT / "docs/grafana/martlet.json").read_text())
    queries = [
        target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*").replace("$topic", ".*")
        .replace("$consumergroup", ".*")
        for target in panels(dashboard)]
    silent = [query for query in queries if not prometheus.query(query)]
    # A rate takes two scrapes.
    for query in silent:
        if "errors_total" not in query:
            prometheus.wait_until(lambda: prometheus.query(query), query)


def test_alerts_are_rules_that_prometheus_takes():
    rules = brokers.ROOT / "docs/prometheus/alerts.yml"
    checked = subprocess.run(["promtool", "check", "rules", str(rules)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    text = rules.read_text()
    assert text.count("        for: ") == text.count("- alert: ")
    shown = re.findall(r"^\| (\w+) \| `(.+)` \| (\w+) \|", (brokers.ROOT / "docs/OBSERVABILITY.md").read_text(), re.M)
    written = re.findall(r"- alert: (\w+)\n +expr: '(.+)'\n +for: (\w+)", text)
    assert shown == written and shown


def test_text_is_what_prometheus_checks(observed):
    clients.Confluent().produce(observed, "checked", 0, "none", range(10), clients.Progress())
    status, text = get(observed, "/metrics")
    assert status == 200
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    # Exit code 3 is for advice on names, which are Kafka's.
    assert checked.returncode in (0, 3), checked.stderr


def test_health_follows_the_broker(observed):
    status, body = get(observed, "/health/ready")
    assert (status, json.loads(body)["status"]) == (200, "running")
    assert get(observed, "/health/live")[0] == 200
    assert get(observed, "/nothing")[0] == 404
    observed.stop()
    with pytest.raises(OSError):
        get(observed, "/health/live")


def test_broker_that_was_killed_is_not_ready_before_its_logs_are(observed):
    progress = clients.Progress()
    clients.create_topic(observed, "killed", partitions=8)
    for partition in range(8):
        clients.Confluent().produce(observed, "killed", partition, "none", range(200), progress)
    observed.kill()
    seen, stop = [], threading.Event()

    def probe():
        while not stop.is_set():
            try:
                seen.append((get(observed, "/health/ready"), observed.port_is_open()))
            except OSError:
                continue

    prober = clients.Background(probe)
    observed.start()
    status, body = get(observed, "/health/ready")
    stop.set()
    prober.finish()
    assert (status, json.loads(body)["logs"]) == (200, {"found": 8, "open": 8, "failed": 0})
    for (status, body), was_open in seen:
        assert status == 200 or json.loads(body)["status"] in ("starting", "recovering")
        assert was_open or status == 503, "ready means that clients can connect"


def test_curl_keeps_its_connection(observed):
    address = f"http://{observed.http}"
    done = subprocess.run(
        ["curl", "-sS", "-w", "%{http_code} %{num_connects}\n", "-o", "/dev/null", f"{address}/metrics",
         "-o", "/dev/null", f"{address}/health/live", "-o", "/dev/null", "-I", f"{address}/metrics"],
        capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["200 1", "200 0", "200 0"]
