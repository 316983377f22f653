"""A broker as a process of its own: Martlet's release binary or, with REFERENCE=1, Apache Kafka."""
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MARTLET_BINARY", ROOT / ".build/release/martlet"))
REFERENCE = os.environ.get("REFERENCE") == "1"
KAFKA_HOME = os.environ.get("KAFKA_HOME")
WIRE_HOME = os.environ.get("WIRE_HOME")


class StartFailed(Exception):
    def __init__(self, exit_code, log):
        super().__init__(f"the broker ended with {exit_code} before it was ready:\n{log}")
        self.exit_code = exit_code
        self.log = log


def free_ports(count):
    """Ports of the loopback that nobody has at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def broker_environment():
    """With a report should the broker trap, and without MARTLET_BINARY and the like, which it would take for settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARTLET_")}
    swift = shutil.which("swift")
    reporter = swift and Path(swift).resolve().parents[1] / "libexec/swift/linux/swift-backtrace-static"
    if reporter and reporter.exists():
        environment["SWIFT_BACKTRACE"] = f"enable=yes,color=no,swift-backtrace={reporter}"
    return environment


class Broker:
    """A broker that keeps its port and its data over restarts. The subclasses say how one is started."""

    ready_within = 60

    def __init__(self, directory, settings=None, host="127.0.0.1", prefix=()):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data = self.directory / "data"
        self.log = self.directory / "broker.log"
        self.settings = dict(settings or {})
        self.host = host
        self.prefix = list(prefix)
        self.port = 0
        self.process = None

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def command(self):
        raise NotImplementedError

    def ready_port(self, line):
        """The port in the line that says that the broker is ready, None for any other line."""
        raise NotImplementedError

    def start(self):
        log = open(self.log, "ab", buffering=0)
        # With strace -D the broker, not the tracer, is the child that is waited for and signalled.
        self.process = subprocess.Popen(
            [*self.prefix, *self.command()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            env=broker_environment())
        ready = threading.Event()

        def read(output):
            for line in iter(output.readline, b""):
                log.write(line)
                port = self.ready_port(line.decode(errors="replace"))
                if port is not None and not ready.is_set():
                    self.port = port
                    ready.set()
            log.close()
            ended.set()
            ready.set()

        ended = threading.Event()
        threading.Thread(target=read, args=(self.process.stdout,), daemon=True).start()
        if not ready.wait(self.ready_within):
            self.kill()
            raise TimeoutError(f"the broker was not ready within {self.ready_within} s:\n{self.log_tail()}")
        if ended.is_set():
            code = self.process.wait(10)
            raise StartFailed(code, self.log_tail())
        return self

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait(30)

    def stop(self, within=60):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    def restart_after_kill(self):
        self.kill()
        return self.start()

    def port_is_open(self):
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def resident_bytes(self):
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_tail(self, lines=60):
        return "\n".join(self.log_text().splitlines()[-lines:])

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()


class Martlet(Broker):
    def command(self):
        command = [str(BINARY), "server", "--listen", self.address]
        if "log.dirs" not in self.settings:
            command += ["--data", str(self.data)]
        for key, value in self.settings.items():
            command += ["--set", f"{key}={value}"]
        return command

    def ready_port(self, line):
        ready = re.match(r"martlet ready on .*:(\d+)$", line.strip())
        return int(ready[1]) if ready else None


class Kafka(Broker):
    def command(self):
        if not self.port:
            self.port, self.controller_port = free_ports(2)
            self.write_configuration()
        return [f"{KAFKA_HOME}/bin/kafka-run-class.sh", "kafka.Kafka", str(self.directory / "server.properties")]

    def ready_port(self, line):
        return self.port if "Kafka Server started" in line else None

    def write_configuration(self):
        listener, controller = f"PLAINTEXT://{self.address}", f"127.0.0.1:{self.controller_port}"
        settings = {
            "process.roles": "broker,controller", "node.id": 1, "listeners": f"{listener},CONTROLLER://{controller}",
            "advertised.listeners": listener, "controller.listener.names": "CONTROLLER",
            "controller.quorum.bootstrap.servers": controller, "log.dirs": self.data,
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT", "num.partitions": 1,
            "offsets.topic.replication.factor": 1, "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1, "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1, "group.initial.rebalance.delay.ms": 0, **self.settings,
        }
        properties = self.directory / "server.properties"
        properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        logging = self.directory / "log4j2.yaml"
        logging.write_text(LOGGING)
        os.environ["KAFKA_LOG4J"] = str(logging)
        format_kafka_directory(properties)


LOGGING = """\
Configuration:
  Appenders:
    Console: {name: STDOUT, PatternLayout: {pattern: "%d %p %m (%c)%n"}}
  Loggers:
    Root: {level: INFO, AppenderRef: {ref: STDOUT}}
    Logger: {name: org.apache.kafka.common.config, level: WARN}
"""


def format_kafka_directory(properties):
    cluster = uuid.uuid4().hex[:22]
    subprocess.run(
        [f"{KAFKA_HOME}/bin/kafka-storage.sh", "format", "--standalone", "-t", cluster, "-c", str(properties)],
        check=True, capture_output=True, timeout=120)
