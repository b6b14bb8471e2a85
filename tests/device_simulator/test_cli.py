"""The command line: what it prints, how it ends, and one clear line for every error."""

import subprocess
import sys
from pathlib import Path

import pytest

from device_simulator.broker_url import BrokerUrl, parse_broker_url
from device_simulator.errors import WrongUsageError
from device_simulator.scenarios import SCENARIOS
from tests.postgres import free_port


def simulator(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "device_simulator", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_scenarios_are_listed_with_a_sentence() -> None:
    done = simulator("scenarios")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)
    assert all(line.endswith(".") and len(line.split()) > 6 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["run", "--scenario", "flood", "--broker", "mqtt://127.0.0.1"], "no scenario 'flood'"),
        (["run", "--scenario", "school_day", "--broker", "127.0.0.1:1883"], "must look like mqtt://"),
        (["run", "--scenario", "school_day", "--broker", "mqtt://127.0.0.1:port"], "cannot be read"),
        (
            ["run", "--scenario", "school_day", "--broker", "mqtt://127.0.0.1", "--school", "1"],
            "no school '1'",
        ),
        (
            ["run", "--scenario", "school_day", "--broker", "mqtt://127.0.0.1", "--start", "25:00"],
            "time of day",
        ),
        (["run", "--scenario", "fire_in_dormitory", "--broker", "mqtt://x", "--schools", "2"], "a dormitory"),
        (["load", "--broker", "mqtt://x", "--messages", "5", "--topic-format", "axis"], "written in 'axis'"),
        (["run", "--scenario", "school_day", "--broker", "mqtt://127.0.0.1", "--schools", "0"], "--schools"),
        (["run", "--scenario", "school_day"], "--broker"),
        (["load", "--broker", "mqtt://127.0.0.1", "--messages", "0"], "--messages"),
        (["fly"], "No such command"),
    ],
)
def test_wrong_usage(arguments: list[str], word: str) -> None:
    done = simulator(*arguments)
    assert done.returncode == 2, done.stderr
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [["run", "--scenario", "school_day", "--schools", "3"], ["load", "--messages", "10", "--schools", "3"]],
)
def test_no_broker_there(arguments: list[str]) -> None:
    url = f"mqtt://user:secret@127.0.0.1:{free_port()}"
    done = simulator(*arguments, "--broker", url)
    assert done.returncode == 1
    complaint = done.stderr.splitlines()[-1]
    assert complaint.startswith("device-simulator: cannot reach the broker at mqtt://127.0.0.1:")
    assert complaint.endswith("Connection refused")
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = simulator("county", "--out", str(tmp_path / "file" / "below"))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Not a directory" in done.stderr


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("mqtt://localhost", BrokerUrl("localhost", 1883)),
        ("mqtt://[::1]:1884", BrokerUrl("::1", 1884)),
        ("mqtts://me:p%40ss@broker.test", BrokerUrl("broker.test", 8883, True, "me", "p@ss")),
    ],
)
def test_broker_urls(text: str, parts: BrokerUrl) -> None:
    assert parse_broker_url(text) == parts
    assert "p@ss" not in str(parts)


@pytest.mark.parametrize("text", ["", "http://x", "mqtt://", "localhost:1883", "mqtt://x:99999"])
def test_broker_urls_that_mean_nothing(text: str) -> None:
    with pytest.raises(WrongUsageError):
        parse_broker_url(text)
