"""`campus-safety db`: what an operator sees, and the exit codes."""

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from safety_service.commands.db import app
from safety_service.store import migrations


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands will look for their SQLite file; nothing is there yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPUS_DATA_DIR", str(tmp_path / "new" / "place"))
    monkeypatch.delenv("CAMPUS_DATABASE_URL", raising=False)
    return tmp_path / "new" / "place" / "campus.db"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_upgrade_makes_the_database_and_then_has_nothing_to_do(database: Path) -> None:
    first = run("upgrade")
    assert first.exit_code == 0, first.output
    assert f"revision {migrations.head()} (from an empty database)" in first.output
    assert "nothing to do" in run("upgrade").output
    assert database.is_file()


def test_check_says_a_line_for_each_question(database: Path) -> None:
    run("upgrade")
    done = run("check")
    assert done.exit_code == 0, done.output
    assert [line.split(":")[0] for line in done.output.splitlines()] == [
        f"ok       {subject}"
        for subject in (
            "schema",
            "storage",
            "history",
            "open alerts",
            "firing alerts",
            "message log",
            "inspections",
            "files",
        )
    ]


def test_check_ends_with_1_when_something_is_wrong(database: Path) -> None:
    run("upgrade")
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO counter (name, value) VALUES ('transition', 7)")
    done = run("check")
    assert done.exit_code == 1
    assert "PROBLEM  history: the last number is 0, the counter says 7" in done.output


@pytest.mark.parametrize("command", [["check"], ["prune"], ["backup", "copy.db"]])
def test_a_database_that_is_not_there_is_not_made(database: Path, command: list[str]) -> None:
    done = run(*command)
    assert done.exit_code == 1
    assert "run db upgrade" in done.output
    assert len(done.output.splitlines()) == 1
    assert not database.exists()


def test_prune_needs_the_schema(database: Path) -> None:
    database.parent.mkdir(parents=True)
    sqlite3.connect(database).close()
    database.touch()
    done = run("prune")
    assert done.exit_code == 1
    assert "this program needs" in done.output


def test_prune_says_what_went(database: Path) -> None:
    run("upgrade")
    done = run("prune")
    assert done.exit_code == 0
    assert "removed 0 messages, 0 events, 0 rejections, 0 kept answers" in done.output


def test_backup_refuses_to_replace(database: Path, tmp_path: Path) -> None:
    run("upgrade")
    target = tmp_path / "copy.db"
    assert run("backup", str(target)).exit_code == 0
    again = run("backup", str(target))
    assert again.exit_code == 3
    assert "exists already" in again.output


def test_a_server_that_is_away_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPUS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    for command in ("upgrade", "check", "prune"):
        done = run(command)
        assert done.exit_code == 1
        assert len(done.output.splitlines()) == 1, done.output
