"""The commands as people meet them: on a terminal, with an output that fails, while the broker is away."""
import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

import brokers

pytestmark = pytest.mark.martlet


def martlet(*arguments, broker=None, **options):
    bootstrap = ["--bootstrap", broker.address] if broker else []
    return subprocess.run(
        [brokers.BINARY, *arguments, *bootstrap], text=True, timeout=60,
        **({"capture_output": True} | options if "stdout" not in options else {"stderr": subprocess.PIPE} | options))


def produce(broker, topic, text):
    done = martlet("produce", topic, broker=broker, input=text)
    assert done.returncode == 0, done.stderr


class Terminal:
    """A command on a pseudo-terminal: its error stream, and its output unless that goes to a file."""

    def __init__(self, *arguments, output=None):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [brokers.BINARY, *arguments], stdin=subprocess.DEVNULL, stdout=output or slave, stderr=slave,
            env={**os.environ, "TERM": "xterm"})
        os.close(slave)
        self.seen = ""

    def read_until(self, text, within=30):
        end = time.monotonic() + within
        while text not in self.seen:
            readable, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            assert readable, f"no {text!r} in {self.seen!r}"
            self.read()
        return self.seen

    def read(self):
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # The other side is closed.
            piece = b""
        assert piece, f"it ended: {self.seen!r}"
        self.seen += piece.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(30)
        os.close(self.master)


@pytest.fixture
def unused():
    return f"127.0.0.1:{brokers.free_ports(1)[0]}"


def test_records_on_a_terminal_are_not_mixed_with_progress(broker, tmp_path):
    produce(broker, "shown", "one\n")
    command = ["consume", "shown", "--from", "beginning", "--bootstrap", broker.address]
    with Terminal(*command) as watched, open(tmp_path / "records", "wb") as file:
        with Terminal(*command, output=file) as elsewhere:
            watched.read_until("one\r\n")
            # What takes longer than a second shows how far it is, where records do not stand in its way.
            time.sleep(1.1)
            produce(broker, "shown", "two\n")
            assert watched.read_until("two\r\n") == "one\r\ntwo\r\n"
            elsewhere.read_until("2 records read")


@pytest.mark.parametrize("command", [
    ["topic", "list"], ["topic", "describe", "full"], ["consume", "full", "--from", "beginning", "--until-end"],
    ["topic", "create", "other"]])
def test_an_output_that_cannot_be_written_is_a_failure(broker, command):
    produce(broker, "full", "one\n")
    with open("/dev/full", "w") as full:
        done = martlet(*command, broker=broker, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "error: writing the output: No space left on device\n"


def test_a_reader_that_goes_away_is_none(broker):
    produce(broker, "piped", "".join(f"{number}\n" for number in range(50_000)))
    script = f"{brokers.BINARY} consume piped --from beginning --bootstrap {broker.address} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("0\n0\n", "")


def test_waiting_for_a_broker_is_said_on_a_terminal(unused):
    with Terminal("topic", "list", "--bootstrap", unused, "--timeout", "3") as command:
        command.read_until(f"{unused}: cannot connect: Connection refused; trying for 3 s\r\n")
        command.read_until("error")
        assert command.process.wait(30) == 1


def test_each_outage_is_said_once(make_broker):
    broker = make_broker(host="localhost").start()
    produce(broker, "away", "0\n")
    with subprocess.Popen(
            [brokers.BINARY, "consume", "away", "--from", "beginning", "--bootstrap", broker.address], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        try:
            assert command.stdout.readline() == "0\n"
            for outage in "12":
                broker.restart_after_kill()
                produce(broker, "away", f"{outage}\n")
                assert command.stdout.readline() == f"{outage}\n"
        finally:
            command.kill()
        complaints = command.stderr.read().splitlines()
    assert len(complaints) == 4, complaints
    assert all(line.startswith("connection lost, trying again (localhost:") for line in complaints[::2])
    assert all(line.startswith("connected again (localhost:") for line in complaints[1::2])


def test_a_full_disk_is_said_while_it_is_tried_again(make_broker, small_disk):
    disk = small_disk(24)
    broker = make_broker()
    broker.data = disk / "data"
    broker.start()
    ballast = disk / "ballast"
    produce(broker, "f", "first\n")
    fill(ballast)
    records = "".join(f"{number} {'x' * 100_000}\n" for number in range(5))
    command = [brokers.BINARY, "produce", "f", "--bootstrap", broker.address]
    done = subprocess.run([*command, "--delivery-timeout", "7"], input=records, capture_output=True, text=True, timeout=60)
    warning, error, advice, summary = done.stderr.splitlines()
    assert done.returncode == 1
    cause = "writing to f-0: the broker's disk is full, or fails (KAFKA_STORAGE_ERROR)"
    assert warning == f"warning: {cause}, trying again; what is not written within 7 s is given up (--delivery-timeout)"
    assert error == "error: not delivered to f-0 within 7 s, last because of KAFKA_STORAGE_ERROR (5 records)"
    assert advice == "The broker's log says what is wrong; on its machine, 'martlet doctor' looks for it."
    assert summary == "0 records written to f, 5 failed"
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as waiting:
        waiting.stdin.write(records)
        waiting.stdin.close()
        assert waiting.stderr.readline().startswith(f"warning: {cause}, trying again; ")
        ballast.unlink()
        assert waiting.stderr.readline() == "f-0: writing goes on\n"
        assert waiting.stderr.readline() == "5 records written to f (partition 0: 1–5)\n"
        assert waiting.wait(30) == 0


def fill(path):
    """Writes until the file system has no room at all."""
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass


def test_records_above_a_megabyte_are_written_where_the_topic_takes_them(broker):
    assert martlet("topic", "create", "large", "-c", "max.message.bytes=4194304", broker=broker).returncode == 0
    record = "y" * 3_000_000 + "\n"
    refused = martlet("produce", "large", broker=broker, input=record)
    assert refused.returncode == 1 and "--max-request-size" in refused.stderr
    done = martlet("produce", "large", "--max-request-size", "3500000", broker=broker, input=record)
    assert (done.returncode, done.stderr) == (0, "1 record written to large (partition 0: 0)\n")
    read = martlet("consume", "large", "--from", "beginning", "--until-end", broker=broker)
    assert read.stdout == record
    too_large = martlet("produce", "large", "--max-request-size", "9000000", broker=broker, input="z" * 5_000_000)
    assert too_large.returncode == 1 and "max.message.bytes" in too_large.stderr


def test_damage_is_said_with_what_to_do(broker):
    produce(broker, "damaged", "one\n")
    produce(broker, "damaged", "two\n")
    assert broker.stop() == 0
    log = broker.data / "damaged-0" / "00000000000000000000.log"
    content = bytearray(log.read_bytes())
    content[content.index(b"one")] ^= 0x40
    log.write_bytes(content)
    broker.start()
    plain = martlet("consume", "damaged", "--from", "beginning", "--until-end", broker=broker)
    error, advice = plain.stderr.splitlines()
    assert (plain.returncode, plain.stdout) == (1, "")
    assert error == "error: reading damaged-0 from offset 0: the data is damaged (CORRUPT_MESSAGE)"
    assert "martlet log verify" in advice and "--partition 0 --from OFFSET" in advice
    member = martlet("consume", "damaged", "--group", "g", "--from", "beginning", "--until-end", broker=broker)
    assert member.returncode == 1 and "martlet log verify" in member.stderr and "reset-offsets" in member.stderr
    verified = martlet("log", "verify", str(broker.data))
    assert verified.returncode == 1 and "damaged-0" in verified.stdout


def test_a_topic_that_is_not_there_is_said_in_the_same_words(broker):
    described = martlet("topic", "describe", "nosuch", broker=broker)
    deleted = martlet("topic", "delete", "nosuch", broker=broker)
    assert described.returncode == deleted.returncode == 1
    assert described.stderr.replace("describing", "deleting") == deleted.stderr


def test_an_offset_past_the_end_is_said(broker):
    produce(broker, "short", "one\ntwo\n")
    done = martlet("consume", "short", "--from", "999999999", "--until-end", broker=broker)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "offset 999999999 lies past the end of short, which is 2\n"
    at_end = martlet("consume", "short", "--from", "2", "--until-end", broker=broker)
    assert (at_end.returncode, at_end.stderr) == (0, "")


def serve(*arguments, **options):
    return martlet("server", "--listen", "127.0.0.1:0", *arguments, **options)


def test_a_data_directory_that_cannot_be_used_is_explained(broker):
    missing = serve("--data", "/proc/nope")
    assert missing.returncode == 1
    assert missing.stderr.endswith("error: cannot create /proc/nope: No such file or directory\n")
    forbidden = serve("--data", "/sys/nope")
    assert forbidden.returncode == 1
    assert "error: cannot create /sys/nope: " in forbidden.stderr
    assert "(not writable by this user; choose another with --data)" in forbidden.stderr
    taken = serve("--data", "./data", cwd=broker.directory)
    assert taken.returncode == 1
    assert f"{broker.data} is in use by another process" in taken.stderr


def test_a_port_that_is_taken_is_explained(broker, tmp_path):
    done = martlet("server", "--listen", broker.address, "--data", str(tmp_path / "second"))
    assert done.returncode == 1
    assert "Address already in use (choose another with --listen" in done.stderr


def test_the_start_is_logged_with_version_addresses_and_directory(broker, make_broker):
    log = broker.log_text()
    assert re.search(r"starting.*version=.*martlet \d+\.\d+\.\d+", log)
    assert re.search(rf"started .*listeners=\S*{broker.address}", log)
    assert re.search(rf"started .*data=\S*{re.escape(str(broker.data))}", log)
    warning = "everybody who reaches this port may do everything: there is no authentication yet"
    assert warning not in log
    assert warning in make_broker("open", host="0.0.0.0").start().log_text()


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_run_says_what_to_try_once_it_is_ready(tmp_path):
    broker = subprocess.Popen(
        ["make", "-s", "-o", "build", "run", f"BINARY={brokers.BINARY}", "LISTEN=localhost:0", f"DATA={tmp_path}/data"],
        cwd=brokers.ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        env=brokers.broker_environment())
    try:
        lines = iter(broker.stdout.readline, "")
        assert "make run LISTEN=" in next(lines)
        address = re.fullmatch(r"martlet ready on (localhost:\d+)\n", next(lines))[1]
        hints = [line for line in lines_until(lines, "bootstrap.servers=") if "release/martlet" in line]
        assert len(hints) == 3 and all(line.endswith(f" --bootstrap {address}\n") for line in hints)
    finally:
        os.killpg(broker.pid, 15)
        broker.wait(30)


def lines_until(lines, text):
    for line in lines:
        yield line
        if text in line:
            return


@pytest.mark.parametrize("target, variable", [("reference", "KAFKA_HOME"), ("wire", "WIRE_HOME")])
def test_make_says_which_variable_is_missing(target, variable):
    environment = {name: value for name, value in os.environ.items() if name != variable}
    done = subprocess.run(["make", target], cwd=brokers.ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert f"{variable} is not set" in done.stderr
