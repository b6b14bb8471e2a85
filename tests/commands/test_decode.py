"""`campus-safety decode`: what it prints and how it exits."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from safety_service.commands.decode import register

TOPIC = "campus/v1/370828-001/native/gw-1/events"
GOOD = '{"specversion":"1.0","id":"1","source":"t-1","type":"temperature","data":{"value":9.4,"unit":"°C"}}'


def run(*arguments: str, payload: str | bytes = "") -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["decode", *arguments], input=payload)


def test_one_line_for_each_event_in_the_schools_zone() -> None:
    done = run(
        "--topic", TOPIC, "--received-at", "2026-11-23T00:00:00Z", "--tz", "Asia/Shanghai", payload=GOOD
    )
    assert done.exit_code == 0
    (line,) = done.stdout.splitlines()
    event = json.loads(line)
    assert (event["school"], event["device"], event["value"], event["unit"]) == (
        "370828-001",
        "t-1",
        9.4,
        "°C",
    )
    assert event["occurred_at"] == event["received_at"] == "2026-11-23T08:00:00+08:00"
    wanted = (
        "school device kind phase occurred_at received_at event_id value unit severity_hint zone snapshot_url"
    )
    assert {*wanted.split(), "attributes", "retained", "clock_suspect"} <= set(event)


def test_a_part_that_cannot_be_read_exits_3_and_costs_nothing_else() -> None:
    done = run("--topic", TOPIC, payload=f'[{GOOD},{{"specversion":"1.0"}}]')
    assert done.exit_code == 3
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["kind"] == "temperature"
    assert (second["rejected"], second["place"]) == ("missing_field", "[1].id")
    assert second["detail"]


def test_a_message_without_news_prints_nothing() -> None:
    done = run("--topic", "campus/v1/370828-001/frigate/stats", payload="{}")
    assert (done.exit_code, done.output) == (0, "")


def test_reads_a_file_byte_for_byte(tmp_path: Path) -> None:
    file = tmp_path / "payload"
    file.write_bytes(b'{"id":"\xff"}')
    done = run("--topic", TOPIC, str(file))
    assert done.exit_code == 3
    assert json.loads(done.stdout)["place"] == "byte 7"


@pytest.mark.parametrize(
    "arguments", [["/nowhere/at/all"], ["--tz", "Moon/Base"], ["--received-at", "soonish"], ["."]]
)
def test_wrong_usage_is_one_clear_line(arguments: list[str]) -> None:
    done = run("--topic", TOPIC, *arguments, payload=GOOD)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
