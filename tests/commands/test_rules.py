"""`rules test` runs every rule-test file of the repository; refusals name file, line and reason."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from safety_service.commands.rules import app

HERE = Path(__file__).resolve().parent.parent / "rules"
FILES = sorted(file for file in HERE.glob("*.yaml") if not file.name.endswith(".rules.yaml"))


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_scenarios_are_there():
    assert len(FILES) >= 10


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_rule_test(file):
    result = run("test", file)
    assert result.exit_code == 0, result.output


def test_a_failing_file_fails_with_both_sides_of_the_difference():
    result = run("test", HERE / "failing" / "expects_too_much.yaml")
    assert result.exit_code == 1
    assert "missing          10m rule=cold-store-warm change=raised severity=critical" in result.output
    assert "unexpected       10m rule=cold-store-warm" in result.output
    assert "severity=minor" in result.output


def test_one_failure_among_many_is_enough():
    result = run("test", FILES[0], HERE / "failing" / "expects_too_much.yaml", FILES[1])
    assert result.exit_code == 1
    assert result.output.count(": ok") == 2


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        (("value: 9.0", "valeu: 9.0"), ":5", "unknown field 'valeu'; did you mean 'value'?"),
        (("kind: temperature", "kind: temprature"), ":5", "did you mean 'temperature'?"),
        (("at: 10m", "at: 10"), ":8", "is no duration"),
        (("until: 30m", "untill: 30m"), ":6", "did you mean 'until'?"),
        (("change: raised", "change: rised"), ":8", "a change is one of"),
        (("start: 2026-09-01T08:00:00+08:00", "start: 2026-09-01"), ":2", "with its offset"),
        (("timeline:", "timeline:\n  - {at: 1m, silence: {kind: smoke}}"), ":5", "for is missing"),
        (("timeline:", "timeline:\n  - {at: 1m, silence: {kindd: smoke}, for: 1h}"), ":5", "mean 'kind'?"),
        (("timeline:", "timeline:\n  - {at: 1m, maintenance: gate, for: 1h}"), ":5", "fields of an alert"),
        (("timeline:", "timeline:\n  - {at: 1m, silence: {kind: smoke}, for: 0s}"), ":5", "than nothing"),
        (("timeline:", "timeline:\n  - {at: 1m, close: other}"), ":5", "there is no rule 'other'"),
        (("severity: critical}", "severity: critical"), ":", "is not YAML"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path, change, place, reason):
    text = (HERE / "failing" / "expects_too_much.yaml").read_text(encoding="utf-8")
    assert change[0] in text
    broken = tmp_path / "broken.yaml"
    text = text.replace("../cold_store", str(HERE / "cold_store")).replace(change[0], change[1], 1)
    broken.write_text(text, encoding="utf-8")
    result = run("test", broken)
    assert result.exit_code == 3
    assert f"{broken}{place}" in result.output
    assert reason in result.output


def test_what_is_sent_is_compared_too(tmp_path):
    text = (HERE / "duplicate_race.yaml").read_text(encoding="utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(text.replace("send_resolved: true", "send_resolved: false"), encoding="utf-8")
    result = run("test", other)
    assert result.exit_code == 1
    assert "sent: missing" in result.output


def test_acknowledging_nothing_fails(tmp_path):
    text = (HERE / "keep_firing_never_raised.yaml").read_text(encoding="utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(
        text.replace("until: 1h", "  - {at: 2m, acknowledge: noise}\nuntil: 1h"), encoding="utf-8"
    )
    result = run("test", other)
    assert result.exit_code == 1
    assert "no open alert of noise to acknowledge" in result.output


def test_the_built_in_rules_pass_their_check_without_a_doubt():
    result = run("check")
    assert result.exit_code == 0
    assert "0 warnings" in result.output


def test_check_names_every_refused_file(tmp_path):
    (tmp_path / "a.yaml").write_text("rules: [{id: a, kind: overdu}]", encoding="utf-8")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    result = run("check", tmp_path / "a.yaml", HERE / "cold_store.rules.yaml")
    assert result.exit_code == 3
    assert "a.yaml:1: unknown rule kind 'overdu'; did you mean 'overdue'?" in result.output
    assert "cold_store.rules.yaml: 1 rules" in result.output
    assert run("check", tmp_path / "b.yaml").exit_code == 3


def test_a_missing_file_is_one_line():
    result = run("check", "nowhere.yaml")
    assert result.exit_code == 2
    assert result.output.strip() == "nowhere.yaml: No such file or directory"
