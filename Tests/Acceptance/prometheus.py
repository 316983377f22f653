"""A real Prometheus that scrapes brokers."""
import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import brokers

CONFIGURATION = """\
global: {{scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}}
scrape_configs:
  - job_name: martlet
    static_configs: [{{targets: ["{target}"]}}]
"""


class Prometheus:
    def __init__(self, directory, target):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.configuration = directory / "prometheus.yml"
        self.configuration.write_text(CONFIGURATION.format(target=target))
        self.port = brokers.free_ports(1)[0]
        self.log = directory / "prometheus.log"
        self.process = None

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={self.configuration}", f"--storage.tsdb.path={self.directory / 'data'}",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.wait_until(lambda: self.get("/-/ready") is not None, "Prometheus is ready")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def get(self, path):
        """The answer's text, None where there is none (yet)."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return None
            raise AssertionError(f"{path}: {error.read().decode()}") from error
        except OSError:
            return None

    def query(self, expression):
        """The values of an instant query, by their labels without those that Prometheus adds."""
        text = self.get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        answer = json.loads(text)
        assert answer["status"] == "success", answer
        added = {"__name__", "instance", "job"}
        return {
            tuple(sorted((name, label) for name, label in row["metric"].items() if name not in added)): float(row["value"][1])
            for row in answer["data"]["result"]}

    def value(self, expression):
        """The one value of a query; None where there is none."""
        rows = self.query(expression)
        assert len(rows) <= 1, rows
        return next(iter(rows.values()), None)

    def target(self):
        """How the scrapes go."""
        return json.loads(self.get("/api/v1/targets"))["data"]["activeTargets"][0]

    def wait_until(self, condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"not so within {seconds} s: {what}\n{self.log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.1)
