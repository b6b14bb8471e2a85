"""`campus-safety db`: what an operator sees, and the exit codes."""

import io
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from safety_service.blobs import FolderBlobs
from safety_service.commands.db import app
from safety_service.services import attachments
from safety_service.services.attachments import Kept
from safety_service.store import cafeterias, migrations
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests.canteens import HERE, NOW, add_canteens, picture, sha256
from tests.conftest import add_two_schools


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
    assert "removed 0 messages, 0 events, 0 rejections, 0 kept answers, 0 images" in done.output


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


def test_check_holds_the_chain_against_an_exported_head(database: Path, tmp_path: Path) -> None:
    run("upgrade")
    head = tmp_path / "head.json"
    head.write_text(
        '{"number": 1, "hash": "' + "9f" * 32 + '", "inspection": 1, "at": "2026-09-01T00:00:00Z"}'
    )
    done = run("check", "--head", str(head))
    assert done.exit_code == 1
    assert "PROBLEM  inspections: number 1 is missing at the beginning" in done.output
    head.write_text("{")
    refused = run("check", "--head", str(head))
    assert (refused.exit_code, len(refused.output.splitlines())) == (3, 1)
    missing = run("check", "--head", str(tmp_path / "no.json"))
    assert (missing.exit_code, "no.json: cannot be read" in missing.output) == (3, True)


def test_photos_are_checked_backed_up_and_restored(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("upgrade")
    photo = picture()
    blobs = FolderBlobs(database.parent / "files")
    blobs.put(sha256(photo), io.BytesIO(photo))
    engine = open_engine(f"sqlite:///{database}")
    add_two_schools(engine)
    add_canteens(engine)
    kept_photo = Kept(sha256(photo), "image/jpeg", len(photo), 8, 6)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        attachments.store(session, cafeterias.get(session, HERE), kept_photo, by="li", now=NOW)
    engine.dispose()
    assert "ok       files: 1 photos and signatures, each with the content" in run("check", "--files").output

    saved = run("backup", "copy.db", "--files", "photos")
    assert "photos got 1 files that it had not" in saved.output
    monkeypatch.setenv("CAMPUS_DATA_DIR", str(tmp_path / "elsewhere"))
    assert run("restore", "copy.db").exit_code == 0
    lost = run("check")
    assert (lost.exit_code, f"PROBLEM  files: {sha256(photo)} is missing" in lost.output) == (1, True)
    monkeypatch.setenv("CAMPUS_DATA_DIR", str(tmp_path / "third"))
    assert run("restore", "copy.db", "--files", "photos").exit_code == 0
    assert run("check", "--files").exit_code == 0

    kept = tmp_path / "third" / "files" / sha256(photo)[:2] / sha256(photo)[2:4] / sha256(photo)
    kept.write_bytes(b"x" * len(photo))
    assert run("check").exit_code == 0
    assert "has another content" in run("check", "--files").output
    kept.write_bytes(b"x")
    assert f"has 1 bytes, not {len(photo)}" in run("check").output
