"""`rules backtest`: what it says, that it says it in one sentence where it cannot, and its exit codes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from safety_service.commands.rules import app
from safety_service.store.session import open_engine
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL, add_two_schools
from tests.services.test_pipeline import RULES, House, native

SPAN = ("--from", "2026-09-01T08:00:00", "--to", "2026-09-01T09:00:00")


@pytest.fixture
def rules(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The rules in force as a file, and a database with a press at each school."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPUS_DATABASE_URL", sqlite_url)
    engine = open_engine(sqlite_url)
    add_two_schools(engine)
    house = House(engine)
    for minute, school in enumerate((SCHOOL, OTHER_SCHOOL)):
        when = NOW + timedelta(minutes=minute)
        house.receive(
            native(when, school=school, id=f"p{minute}", type="panic_button", data={"phase": "pulse"})
        )
        house.advance(when + timedelta(seconds=1))
    house.advance(NOW + timedelta(hours=1))
    file = tmp_path / "candidate.yaml"
    file.write_text(RULES, encoding="utf-8")
    yield file
    engine.dispose()


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["backtest", *(str(one) for one in arguments)])


def test_the_report_in_words_has_both_sides(rules: Path) -> None:
    done = run(rules, *SPAN)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("2 events received from 2026-09-01 08:00:00 to 2026-09-01 09:00:00")
    [press] = [line for line in lines if line.startswith("  press ") and "/" in line]
    assert press.split()[1:4] == ["2", "/", "2"]
    assert any(line.startswith("  2026-09-01 ") for line in lines)
    assert any(f"2026-09-01 08:00:00  critical  press  {SCHOOL} dev-1" in line for line in lines)


def test_the_report_as_json_is_all_that_stands_on_standard_output(rules: Path) -> None:
    done = run(rules, *SPAN, "--format", "json", "--examples", "1", "--school", SCHOOL)
    assert done.exit_code == 0, done.output
    report = msgspec.json.decode(done.stdout)
    assert (report["events"], report["total"]["would"]["raised"], report["total"]["was"]["raised"]) == (
        1,
        1,
        1,
    )
    assert [school["school"] for school in report["schools"]] == [SCHOOL]
    assert [example["rule"] for example in report["examples"]] == ["press"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--from", "yesterday", "--to", "2026-09-01"), 2, "--from: 'yesterday': it is no date and time"),
        (("--from", "2026-09-01", "--to", "2026-09-01"), 2, "--to must be later than --from"),
        (("--from", "2026-09-02", "--to", "2026-09-01"), 2, "--to must be later than --from"),
        ((*SPAN, "--warm-up", "10"), 2, "--warm-up: '10' is no duration"),
        (("--from", "2025-09-01", "--to", "2025-09-02"), 1, "no events are stored that were received from"),
        ((*SPAN, "--school", "370828-999"), 1, "there is no school 370828-999"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    rules: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    done = run(rules, *arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("campus-safety: ")
    assert sentence in line


def test_a_broken_rule_file_is_refused_with_file_and_line(rules: Path) -> None:
    rules.write_text(RULES.replace("kind: change", "kind: chnage"), encoding="utf-8")
    done = run(rules, *SPAN)
    assert done.exit_code == 3
    assert f"{rules}:23: " in done.stderr
    assert "did you mean 'change'" in done.stderr


def test_a_file_that_is_not_there_is_wrong_usage(rules: Path) -> None:
    done = run("nowhere.yaml", *SPAN)
    assert (done.exit_code, done.stderr.strip()) == (
        2,
        "campus-safety: nowhere.yaml: No such file or directory",
    )


def test_a_database_that_is_not_there_is_not_made(
    rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPUS_DATABASE_URL", f"sqlite:///{tmp_path / 'missing.db'}")
    done = run(rules, *SPAN)
    assert done.exit_code == 1
    assert "run db upgrade" in done.stderr
    assert not (tmp_path / "missing.db").exists()
