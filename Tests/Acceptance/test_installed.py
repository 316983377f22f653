"""What `make install` and `make deb` put on a machine: completions, tried in their shells, manual page, unit, package."""
import os
import pty
import re
import select
import shutil
import subprocess
import threading

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

import brokers
import fixtures

pytestmark = pytest.mark.martlet


def need_program(name):
    path = shutil.which(name)
    if not path:
        print(f"SKIPPED: there is no {name}")
        pytest.skip(f"there is no {name}")
    return path


def run(*arguments, **options):
    return subprocess.run([str(each) for each in arguments], text=True, capture_output=True, timeout=120, **options)


def make(*arguments):
    done = run("make", "-s", f"BINARY={brokers.BINARY}", *arguments, cwd=brokers.ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The root below which everything was installed under /usr/local."""
    root = tmp_path_factory.mktemp("installed")
    make("install", f"DESTDIR={root}")
    return root


class Shell:
    """A shell on a pseudo-terminal; Control-T makes it tell its command line, which `complete` answers with."""

    def __init__(self, command, report):
        self.report = os.open(report, os.O_RDWR)  # Also to write, or it would end between two answers.
        self.master, slave = pty.openpty()
        home = str(report.parent)
        environment = {"PATH": os.environ["PATH"], "TERM": "vt100", "HOME": home, "ZDOTDIR": home}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
        os.close(slave)
        self.shown = b""
        threading.Thread(target=self.drain, daemon=True).start()
        assert self.told() == "ready"

    def drain(self):
        try:
            while piece := os.read(self.master, 65536):
                self.shown += piece
        except OSError:  # The other side is closed.
            pass

    def told(self):
        readable, _, _ = select.select([self.report], [], [], 30)
        assert readable, f"the shell says nothing: {self.shown!r}"
        return os.read(self.report, 65536).decode().strip()

    def complete(self, typed):
        os.write(self.master, f"{typed}\t\x14".encode())
        return self.told()

    def close(self):
        self.process.kill()
        self.process.wait(30)
        os.close(self.report)
        os.close(self.master)


def bash(installed, place, report):
    (place / "rc").write_text(f"""\
source {installed}/usr/local/share/bash-completion/completions/martlet
report() {{ printf '%s\\n' "$READLINE_LINE" > {report}; READLINE_LINE= READLINE_POINT=0; }}
bind -x '"\\C-t": report'
echo ready > {report}
""")
    return ["bash", "--noprofile", "--rcfile", str(place / "rc"), "-i"]


def zsh(installed, place, report):
    (place / ".zshrc").write_text(f"""\
fpath=({installed}/usr/local/share/zsh/site-functions $fpath)
autoload -Uz compinit
compinit -u -d {place}/dump
report() {{ print -r -- "$BUFFER" > {report}; BUFFER= }}
zle -N report
bindkey '^T' report
print ready > {report}
""")
    return ["zsh", "-d", "-i"]


@pytest.fixture(params=[bash, zsh], ids=["bash", "zsh"])
def shell(request, installed, tmp_path):
    need_program(request.param.__name__)
    report = tmp_path / "report"
    os.mkfifo(report)
    shell = Shell(request.param(installed, tmp_path, report), report)
    yield shell
    shell.close()


COMPLETED = [
    ("martlet top", "martlet topic"),
    ("martlet topic cr", "martlet topic create"),
    ("martlet help topic li", "martlet help topic list"),
    ("martlet produce orders --codec zs", "martlet produce orders --codec zstd"),
    ("martlet produce orders --codec=zs", "martlet produce orders --codec=zstd"),
    ("martlet produce -z sn", "martlet produce -z snappy"),
    ("martlet produce --no-i", "martlet produce --no-idempotent"),
    ("martlet consume orders --until", "martlet consume orders --until-end"),
    ("martlet completion fi", "martlet completion fish"),
    ("martlet consume --nothing-like-it", "martlet consume --nothing-like-it"),
]


def test_a_shell_completes(shell, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "server.properties").touch()
    paths = [
        (f"martlet server --config {tmp_path}/serv", f"martlet server --config {tmp_path}/server.properties"),
        (f"martlet server --data {tmp_path}/da", f"martlet server --data {tmp_path}/data/")]
    for typed, completed in COMPLETED + paths:
        assert shell.complete(typed) == completed


def fish_offers(installed, typed):
    script = f"source {installed}/usr/local/share/fish/vendor_completions.d/martlet.fish; complete -C {typed!r}"
    done = run("fish", "--no-config", "-c", script)
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def test_fish_completes(installed):
    need_program("fish")
    for typed, completed in COMPLETED[:-1]:
        assert fish_offers(installed, typed) == [completed.split()[-1]], typed
    assert fish_offers(installed, "martlet topic ") == ["alter", "create", "delete", "describe", "help", "list"]
    assert fish_offers(installed, "martlet produce --codec ") == ["gzip", "lz4", "none", "snappy", "zstd"]
    assert "--partitions" not in fish_offers(installed, "martlet topic list --")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_sourced_without_a_word(shell):
    need_program(shell)
    script = run(brokers.BINARY, "completion", shell).stdout
    # Without compinit there is no compdef.
    before = "compdef() { }\n" if shell == "zsh" else ""
    done = run(shell, "-c", before + script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_manual_page_is_formatted_without_a_warning(installed):
    need_program("groff")
    page = installed / "usr/local/share/man/man1/martlet.1"
    done = run("groff", "-man", "-ww", "-Tutf8", "-P-cbou", page)
    assert (done.returncode, done.stderr) == (0, "")
    for text in ["martlet topic create", "--replication-factor", "EXIT STATUS", "printf 'ann:1\\nbob:2\\n'"]:
        assert text in done.stdout


def test_uninstall_removes_every_file(tmp_path):
    make("install", f"DESTDIR={tmp_path}", "PREFIX=/opt/martlet")
    assert run(tmp_path / "opt/martlet/bin/martlet", "--version").stdout.startswith("martlet ")
    make("uninstall", f"DESTDIR={tmp_path}", "PREFIX=/opt/martlet")
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []


@pytest.fixture(scope="module")
def package():
    need_program("dpkg-deb")
    return brokers.ROOT / make("deb").splitlines()[-1]


@pytest.fixture
def unpacked(package, tmp_path):
    subprocess.run(["dpkg-deb", "-x", package, tmp_path / "root"], check=True)
    return tmp_path / "root"


def test_the_package_names_what_it_needs_and_what_people_may_change(package):
    fields = {name: run("dpkg-deb", "-f", package, name).stdout.strip() for name in ["Package", "Depends", "Recommends"]}
    assert fields["Package"] == "martlet" and fields["Recommends"] == "libmicrohttpd12"
    assert {each.split()[0] for each in fields["Depends"].split(", ")} == {"adduser", "libc6", "libgcc-s1", "libstdc++6"}
    assert run("dpkg-deb", "-I", package, "conffiles").stdout == "/etc/martlet/server.properties\n"
    owners = {line.split()[1] for line in run("dpkg-deb", "-c", package).stdout.splitlines()}
    assert owners == {"root/root"}


class Packaged(brokers.Martlet):
    def command(self):
        root = self.directory.parent / "root"
        return [
            f"{root}/usr/bin/martlet", "server", "--config", f"{root}/etc/martlet/server.properties", "--listen",
            self.address, "--data", str(self.data)]


def test_the_packaged_broker_starts_with_the_packaged_settings(unpacked, tmp_path):
    with Packaged(tmp_path / "broker") as broker:
        done = run(unpacked / "usr/bin/martlet", "topic", "create", "made", "--bootstrap", broker.address)
        assert (done.returncode, done.stderr) == (0, "")
        assert broker.stop() == 0
    # Of what is set here; the limit of open files is the machine's.
    warnings = [line for line in broker.log_text().splitlines() if " WARNING " in line and "nofile=" not in line]
    assert warnings == []


def test_the_commented_settings_are_the_defaults_or_examples(unpacked, make_broker):
    text = (unpacked / "etc/martlet/server.properties").read_text()
    settings = dict(line[1:].split("=") for line in text.splitlines() if line.startswith("#") and "=" in line)
    for example in ["advertised.listeners", "martlet.http.listeners"]:
        assert settings.pop(example)
    broker = make_broker().start()
    resource = ConfigResource(ConfigResource.Type.BROKER, "1")
    admin = AdminClient({"bootstrap.servers": broker.address})
    described = admin.describe_configs([resource])[resource].result(30)
    assert {key: described[key].value for key in settings} == settings


def test_the_unit_is_one(unpacked, tmp_path):
    need_program("systemd-analyze")
    unit = (unpacked / "lib/systemd/system/martlet.service").read_text()
    (tmp_path / "martlet.service").write_text(unit.replace("/usr/bin/martlet", f"{unpacked}/usr/bin/martlet"))
    done = run("systemd-analyze", "verify", "--man=no", tmp_path / "martlet.service")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def allowed_calls(group):
    """The system calls that a filter of systemd's lets through."""
    calls = set()
    for line in run("systemd-analyze", "syscall-filter", group).stdout.splitlines()[1:]:
        name = line.strip()
        if name.startswith("@"):
            calls |= allowed_calls(name)
        elif name and not name.startswith("#"):
            calls.add(name)
    return calls


def test_the_units_filter_lets_the_broker_work(make_broker, tmp_path):
    need_program("systemd-analyze")
    unit = (brokers.ROOT / "packaging/martlet.service").read_text()
    group, = re.findall(r"^SystemCallFilter=(@\S+)$", unit, re.MULTILINE)
    trace = tmp_path / "trace"
    broker = make_broker(
        prefix=["strace", "-D", "-f", "-qq", "-o", str(trace)], settings={"martlet.http.listeners": "127.0.0.1:0"}).start()
    fixtures.create(broker.address)
    fixtures.fill(broker.address, 0)
    fixtures.read(broker.address)
    assert broker.stop() == 0
    called = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE))
    assert {"openat", "fdatasync", "signalfd4"} <= called
    assert called - allowed_calls(group) == set()


INSTALL = """
set -e
mount -t tmpfs martlet-test {place}
mkdir {place}/upper {place}/work {place}/root
mount -t overlay -o lowerdir=/,upperdir={place}/upper,workdir={place}/work martlet-test {place}/root || exit 77
mount -t tmpfs martlet-test {place}/root/run
cp {package} {place}/root/run/martlet.deb
chroot {place}/root sh -c '
    set -e
    ! getent passwd martlet
    {{ dpkg -i --force-depends /run/martlet.deb || exit 1; }} > /dev/null
    getent passwd martlet | cut -d: -f1,6,7
    stat -c "%U %a" /var/lib/martlet
    su -s /bin/sh martlet -c "/usr/bin/martlet server --config /nowhere || echo refused \\$?"
    echo "# mine" >> /etc/martlet/server.properties
    dpkg -r martlet > /dev/null
    tail -1 /etc/martlet/server.properties
    touch /var/lib/martlet/record
    dpkg -P martlet > /dev/null
    ls /var/lib/martlet
    test ! -e /etc/martlet
'
"""


def test_the_package_is_installed_removed_and_purged(package, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can install")
    done = run("unshare", "--mount", "sh", "-c", INSTALL.format(place=tmp_path, package=package))
    if done.returncode == 77:
        pytest.skip(f"no overlay can be mounted: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        "martlet:/var/lib/martlet:/usr/sbin/nologin", "martlet 750", "refused 2", "# mine", "record"]


def test_the_program_tells_its_commit():
    told = run(brokers.BINARY, "--version").stdout
    if not (brokers.ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    assert re.fullmatch(r"martlet \d+\.\d+\.\d+ \([0-9a-f]{10,}(-dirty)?\)\n", told), told


def git(place, *arguments):
    done = run("git", "-c", "user.name=t", "-c", "user.email=t@localhost", *arguments, cwd=place)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_commit_is_written_only_where_it_is_another(tmp_path):
    shutil.copy(brokers.ROOT / "Makefile", tmp_path)
    shutil.copy(brokers.ROOT / ".gitignore", tmp_path)
    written = tmp_path / "Sources/CProgram/commit.c"
    written.parent.mkdir(parents=True)

    def make_commit():
        done = run("make", "-s", "commit", cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        return written.read_text() if written.exists() else None

    assert make_commit() is None
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    commit = git(tmp_path, "rev-parse", "--short=10", "HEAD")
    assert make_commit() == f'const char *martlet_commit(void) {{ return "{commit}"; }}\n'
    assert git(tmp_path, "status", "--porcelain") == ""
    before = written.stat().st_mtime_ns
    make_commit()
    assert written.stat().st_mtime_ns == before
    (tmp_path / "Makefile").write_text((tmp_path / "Makefile").read_text() + "\n")
    assert f'"{commit}-dirty"' in make_commit()
    shutil.rmtree(tmp_path / ".git")
    assert f'"{commit}-dirty"' in make_commit()


def test_an_archive_knows_its_commit(tmp_path):
    if not (brokers.ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    folder = "Sources/CProgram"
    archive = subprocess.run(
        ["git", "archive", "HEAD", folder], cwd=brokers.ROOT, capture_output=True, check=True, timeout=60).stdout
    subprocess.run(["tar", "-x", "-C", tmp_path], input=archive, check=True, timeout=60)
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "martlet_program.h"\nint main(void) { puts(martlet_commit()); }\n')
    source = tmp_path / folder / "commit_of_archive.c"

    def told(*more):
        done = run("gcc", "-o", tmp_path / "told", "-I", tmp_path / folder / "include", tmp_path / "main.c", source, *more)
        assert done.returncode == 0, done.stderr
        return run(tmp_path / "told").stdout.strip()

    assert git(brokers.ROOT, "rev-parse", "HEAD").startswith(told() or "nothing")
    written = tmp_path / "commit.c"
    written.write_text('const char *martlet_commit(void) { return "other"; }\n')
    assert told(written) == "other"
    shutil.copy(brokers.ROOT / folder / "commit_of_archive.c", source)
    assert told() == ""
