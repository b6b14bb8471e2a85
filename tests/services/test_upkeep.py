"""Retention, integrity check and backup on both databases."""

import sqlite3
import subprocess
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from safety_service.domain.errors import Refused, SafetyError
from safety_service.domain.types import Message
from safety_service.services import backup, integrity, retention
from safety_service.settings import Settings
from safety_service.store import messages, migrations, partitions, pieces
from safety_service.store.dialect import insert
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from safety_service.store.tables import (
    AlertTransition,
    LoggedMessage,
    RejectedMessage,
    StoredAlert,
    StoredEvent,
)
from safety_service.store.tables_partition import Counter
from tests import postgres
from tests.conftest import NOW, SCHOOL

OLD = NOW - timedelta(days=8)
ANCIENT = NOW - timedelta(days=181)


def add(session: Session, model: Any, **values: Any) -> None:
    session.connection().execute(insert(session, model).values(values))


def log_messages(engine: Engine, received: Sequence[datetime], *, cursor: int) -> None:
    """Messages 1, 2, 3, … of one partition, processed up to `cursor`."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        number = partitions.ensure(session, "county")
        batch = [Message(topic="campus/v1/x/native", payload=b"{}", received_at=at) for at in received]
        messages.append(session, number, batch)
        partitions.claim(session, number).cursor = cursor


def reject(session: Session, position: int, at: datetime, replayed: datetime | None = None) -> None:
    add(
        session,
        RejectedMessage,
        partition=1,
        position=position,
        topic="campus/v1/x/native",
        reason="not_json",
        place="payload",
        detail="",
        received_at=at,
        replayed_at=replayed,
    )


def positions(engine: Engine) -> list[int]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return list(session.exec(select(LoggedMessage.position).order_by(col(LoggedMessage.position))))


def add_event(session: Session, number: int, at: datetime) -> None:
    pieces.ensure_days(session, "event", [at])
    add(
        session,
        StoredEvent,
        id=number,
        school=SCHOOL,
        device="cam",
        kind="smoke",
        phase="pulse",
        occurred_at=at,
        received_at=at,
        format="native",
        retained=False,
        clock_suspect=False,
        position=0,
    )


def problems(engine: Engine) -> dict[str, list[str]]:
    return {found.subject: found.problems for found in integrity.check(engine) if found.problems}


def add_alert(session: Session, number: int, *, condition: str = "firing", key: str = "k") -> None:
    add(
        session,
        StoredAlert,
        id=number,
        rule="smoke",
        rule_version="1",
        key=key,
        school=SCHOOL,
        kind="smoke",
        title={"zh": "烟", "en": "Smoke"},
        severity="critical",
        condition=condition,
        raised_at=OLD,
        last_seen_at=OLD,
        count=1,
        resolved_at=OLD if condition == "resolved" else None,
        detail={},
    )


def add_transition(session: Session, number: int, alert: int, *, condition: str = "firing") -> None:
    add(
        session,
        AlertTransition,
        number=number,
        alert_id=alert,
        school=SCHOOL,
        change="raised",
        at=OLD,
        severity="critical",
        condition=condition,
        actor="system",
        detail={},
    )


def set_counter(session: Session, name: str, value: int) -> None:
    add(session, Counter, name=name, value=value)


def test_a_sound_database_has_no_problem(engine: Engine, settings: Settings) -> None:
    log_messages(engine, [OLD] * 3 + [NOW] * 3, cursor=4)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        add_alert(session, 1)
        add_transition(session, 1, 1)
        set_counter(session, "transition", 1)
        reject(session, 2, OLD)
    assert problems(engine) == {}
    retention.prune(engine, settings, NOW)
    assert positions(engine) == [4, 5, 6]
    assert problems(engine) == {}


def test_a_gap_in_the_history_is_named(engine: Engine) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        add_alert(session, 1)
        add_transition(session, 1, 1)
        add_transition(session, 3, 1)
        set_counter(session, "transition", 4)
    assert problems(engine) == {
        "history": [
            "1 numbers are missing between 1 and 3",
            "the last number is 3, the counter says 4",
        ]
    }


def test_an_alert_unlike_its_history_is_named(engine: Engine) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        add_alert(session, 1, condition="resolved")
        add_alert(session, 2, key="other")
        add_transition(session, 1, 1)
        set_counter(session, "transition", 1)
    assert problems(engine) == {
        "open alerts": ["alert 1 differs from its last change, number 1", "alert 2 has no history"]
    }


def test_two_that_fire_for_one_key_are_named(engine: Engine) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        session.connection().execute(text("DROP INDEX uq_alert_firing"))
        for number in (1, 2):
            add_alert(session, number)
            add_transition(session, number, number)
        set_counter(session, "transition", 2)
    found = problems(engine)
    assert found["firing alerts"] == ["2 fire for rule smoke, key k"]
    assert "uq_alert_firing" in found["schema"][0]


@pytest.mark.parametrize("lost", [3, 5, 6])
def test_a_lost_message_is_named(engine: Engine, lost: int) -> None:
    log_messages(engine, [NOW] * 6, cursor=4)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        session.connection().execute(text("DELETE FROM message WHERE position = :lost"), {"lost": lost})
    assert problems(engine) == {
        "message log": ["partition county: 1 messages are missing between 1 and 6"],
    }


def test_a_cursor_beyond_the_log_is_named(engine: Engine) -> None:
    log_messages(engine, [NOW] * 2, cursor=3)
    assert "the cursor 3 is beyond the last message 2" in problems(engine)["message log"][0]


def test_nothing_is_asked_of_another_schema(engine: Engine) -> None:
    migrations.downgrade(engine, "base")
    assert list(problems(engine)) == ["schema"]


def test_a_damaged_reference_is_named(sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.rollback()
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("INSERT INTO zone (school, code, name, type) VALUES ('nowhere', 'z', 'z', 'gate')")
        raw.execute("PRAGMA foreign_keys=ON")
    assert problems(sqlite_engine) == {
        "storage": ["row 1 of zone points to a row of school that is not there"]
    }


def test_a_sqlite_backup_holds_everything_that_was_committed(sqlite_engine: Engine, tmp_path: Path) -> None:
    log_messages(sqlite_engine, [NOW] * 3, cursor=0)
    target = tmp_path / "copy.db"
    # A transaction that is open meanwhile neither blocks the copy nor gets into it.
    with session_scope(sqlite_engine, EVERY_SCHOOL, write=True) as session:
        session.connection().execute(text("DELETE FROM message"))
        backup.back_up(sqlite_engine, target)
    with sqlite3.connect(target) as copy:
        assert copy.execute("SELECT count(*) FROM message").fetchone() == (3,)
    assert positions(sqlite_engine) == []
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.db"]


def test_a_backup_replaces_nothing(sqlite_engine: Engine, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("last year's")
    with pytest.raises(Refused, match="exists already"):
        backup.back_up(sqlite_engine, target)
    assert target.read_text() == "last year's"


def test_a_postgresql_backup_can_be_restored(
    postgresql_url: str, postgres_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = postgres.programs()
    assert programs is not None
    monkeypatch.setenv("PATH", str(programs))
    engine = open_engine(postgresql_url)
    log_messages(engine, [NOW] * 3, cursor=0)
    backup.back_up(engine, tmp_path / "copy.dump")
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    restore = [str(programs / "pg_restore"), f"--dbname={postgresql_url}"]
    subprocess.run([*restore, str(tmp_path / "copy.dump")], check=True, stdin=subprocess.DEVNULL)
    engine = open_engine(postgresql_url)
    assert positions(engine) == [1, 2, 3]
    assert migrations.check(engine) == []
    engine.dispose()


def test_without_pg_dump_the_sentence_says_what_to_install(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = open_engine(postgresql_url)
    with pytest.raises(SafetyError, match="postgresql-client"):
        backup.back_up(engine, tmp_path / "copy.dump")
    assert not list(tmp_path.glob("copy*"))
