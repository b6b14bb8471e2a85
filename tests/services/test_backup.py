"""A backup taken under load, put back into an empty database, is sound and whole."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from typer.testing import CliRunner

from safety_service.commands import db
from safety_service.domain.errors import Refused
from safety_service.domain.types import Event, Message
from safety_service.services import backup, integrity
from safety_service.store import event_log, messages, partitions
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests import postgres
from tests.conftest import NOW, SCHOOL


@pytest.fixture
def empty_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where the backup of the test's database goes."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'restored' / 'campus.db'}"
        return
    server: str = request.getfixturevalue("postgres_server")
    postgres.execute(server, "CREATE DATABASE restored")
    yield f"{server}/restored"
    postgres.execute(server, "DROP DATABASE restored WITH (FORCE)")


@pytest.fixture(autouse=True)
def clients_of_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = postgres.programs()
    if programs is not None:
        monkeypatch.setenv("PATH", str(programs), prepend=":")


def store(engine: Engine, first: int) -> None:
    """Ten messages, and the ten events in them, as the pipeline stores both."""
    moments = [NOW + timedelta(minutes=number) for number in range(first, first + 10)]
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        messages.append(session, 1, [Message(topic="t", payload=b"{}", received_at=at) for at in moments])
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        events = [
            Event(
                school=SCHOOL,
                device="cam",
                kind="smoke",
                phase="pulse",
                occurred_at=at,
                received_at=at,
                format="native",
                dedup_key=str(at),
                told_at=at,
            )
            for at in moments
        ]
        event_log.insert_new(session, 1, first, events)
        partitions.claim(session, 1).cursor = first + 10


def counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        return {
            name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()  # noqa: S608
            for name in names
        }


def back_up_under_load(engine: Engine, back_up: Callable[[], None]) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        partitions.ensure(session, "county")
    store(engine, 0)
    stop, loaded = threading.Event(), threading.Event()

    def load() -> None:
        for first in range(10, 100_000, 10):
            store(engine, first)
            loaded.set()
            if stop.is_set():
                return

    writer = threading.Thread(target=load)
    writer.start()
    try:
        assert loaded.wait(30)
        back_up()
    finally:
        stop.set()
        writer.join()


def test_write_under_load_back_up_restore(
    two_schools: Engine, empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, calm = tmp_path / "live.backup", tmp_path / "calm.backup"
    back_up_under_load(two_schools, lambda: backup.back_up(two_schools, live))
    backup.back_up(two_schools, calm)
    monkeypatch.setenv("CAMPUS_DATABASE_URL", empty_url)
    if empty_url.startswith("sqlite"):
        (tmp_path / "restored").mkdir()

    done = CliRunner().invoke(db.app, ["restore", str(live)])
    assert done.exit_code == 0, done.output
    restored = open_engine(empty_url)
    assert [found for found in integrity.check(restored) if found.problems] == []
    found = counts(restored)
    assert found["event"] == found["event_key"] >= 10
    assert found["message"] >= found["event"]
    store(restored, 200_000)
    assert counts(restored)["event"] == found["event"] + 10

    again = CliRunner().invoke(db.app, ["restore", str(calm)])
    assert again.exit_code == 3
    assert "into an empty database only" in again.output
    assert len(again.output.splitlines()) == 1
    restored.dispose()


def test_every_row_comes_back(two_schools: Engine, empty_url: str, tmp_path: Path) -> None:
    back_up_under_load(two_schools, lambda: None)
    backup.back_up(two_schools, tmp_path / "copy")
    if empty_url.startswith("sqlite"):
        (tmp_path / "restored").mkdir()
    restored = open_engine(empty_url)
    with restored.connect():
        "An empty database that exists is as good as none."
    backup.restore(restored, tmp_path / "copy")
    assert counts(restored) == counts(two_schools)
    assert [found for found in integrity.check(restored) if found.problems] == []
    restored.dispose()


def test_what_is_no_backup_is_refused_and_leaves_nothing(empty_url: str, tmp_path: Path) -> None:
    (tmp_path / "restored").mkdir(exist_ok=True)
    restored = open_engine(empty_url)
    with pytest.raises(Refused, match="no such backup"):
        backup.restore(restored, tmp_path / "missing")
    (tmp_path / "text").write_text("dear diary")
    with pytest.raises(Exception, match=r"no backup|pg_restore failed"):
        backup.restore(restored, tmp_path / "text")
    assert inspect(restored).get_table_names() == []
    restored.dispose()
