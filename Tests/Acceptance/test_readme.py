"""The tour of the README is run as it stands, and prints what it says; the Korean one has the same commands."""
import re
import subprocess

import pytest

import brokers

pytestmark = pytest.mark.martlet
TOUR = {"README.md": "## A five-minute tour", "README.ko.md": "## 5분 둘러보기"}


def blocks(readme):
    """(language, text) of the code blocks of the tour."""
    text = (brokers.ROOT / readme).read_text()
    tour = text.split(TOUR[readme], 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```(\w+)\n(.*?)^```$", tour, re.MULTILINE | re.DOTALL)


def checkout(place, broker):
    """A folder in which .build/release/martlet talks to this broker, as the reader's does to the one on port 9092."""
    command = place / ".build/release/martlet"
    command.parent.mkdir(parents=True)
    command.write_text(
        "#!/bin/bash\n"
        f'if [ "$1" = server ]; then exec "{brokers.BINARY}" "$@"; fi\n'
        f'exec "{brokers.BINARY}" "$@" --bootstrap {broker.address}\n')
    command.chmod(0o755)
    return place


def test_tour(make_broker, tmp_path):
    broker = make_broker(host="localhost").start()
    place = checkout(tmp_path, broker)
    second = f"localhost:{brokers.free_ports(1)[0]}"
    printed = None
    for language, text in blocks("README.md"):
        if language == "text":
            assert printed == text
            continue
        script = text.replace("localhost:9092", broker.address).replace("localhost:9192", second)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=place, text=True, capture_output=True, timeout=200)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        # Before a member of a group prints records it says, to people, what it reads.
        said = re.findall(r"^group .*\n", done.stderr, re.MULTILINE)
        printed = "".join(said) + done.stdout


def test_swift_example_is_tested():
    tested = (brokers.ROOT / "Tests/BrokerTests/ExampleTests.swift").read_text()
    for readme in (*TOUR, "Sources/MartletTesting/README.md"):
        example, = re.findall(r"^```swift\n(.*?)^```$", (brokers.ROOT / readme).read_text(), re.MULTILINE | re.DOTALL)
        imports, test = example.split("\n\n", 1)
        assert test in tested
        assert set(imports.splitlines()) <= set(tested.splitlines())


def test_korean_tour_has_the_same_commands():
    without_comments = [
        [(language, re.sub(r"^# .*\n", "", text, flags=re.MULTILINE)) for language, text in blocks(readme)]
        for readme in TOUR
    ]
    assert without_comments[0] == without_comments[1]


def test_both_readmes_have_the_same_shape():
    shapes = []
    for readme in TOUR:
        lines = (brokers.ROOT / readme).read_text().splitlines()
        shapes.append([len([line for line in lines if re.match(pattern, line)]) for pattern in ("#", r"\|", "```", r"\* ")])
    assert shapes[0] == shapes[1]
