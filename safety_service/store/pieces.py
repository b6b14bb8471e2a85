"""PostgreSQL keeps what grows in pieces by time: made before they are written to, dropped whole when old.

`event` and `message` have a piece for each UTC day and none for the rest, so that reading them in the order
of time stays a walk from piece to piece. `event_key` has one for each month, one for keys without a time,
and a rest for the times of broken clocks.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import Pool, text
from sqlmodel import Session

from safety_service.store.dialect import is_postgresql
from safety_service.store.driver import microseconds
from safety_service.store.session import after_commit

DAILY = ("event", "message")
MONTHLY = "event_key"
UNTOLD, REST = "event_key_untold", "event_key_rest"
PATIENCE_MILLISECONDS = 100
_NAME = re.compile(r"(event|message)_p(\d{8})|event_key_(p\d{6}|untold|rest)")
_MAKING_LOCK = 0x63616D70_75730002
"""Held by whoever makes a piece; any number that nothing else in the database locks."""

_KNOWN: WeakKeyDictionary[Pool, set[str]] = WeakKeyDictionary()


class Piece(msgspec.Struct, frozen=True):
    """One piece of `table`; `until` is where the next begins."""

    table: str
    name: str
    since: datetime
    until: datetime


def is_piece(name: str | None) -> bool:
    """Whether a table is a piece of another, and so none that the program maps."""
    return name is not None and _NAME.fullmatch(name) is not None


def day(table: str, of: date) -> Piece:
    since = datetime(of.year, of.month, of.day, tzinfo=UTC)
    return Piece(table, f"{table}_p{of:%Y%m%d}", since, since + timedelta(days=1))


def days_of(of: date) -> list[Piece]:
    return [day(table, of) for table in DAILY]


def month(of: date) -> Piece:
    since = datetime(of.year, of.month, 1, tzinfo=UTC)
    until = datetime(of.year + of.month // 12, of.month % 12 + 1, 1, tzinfo=UTC)
    return Piece(MONTHLY, f"{MONTHLY}_p{of:%Y%m}", since, until)


def ensure_days(session: Session, table: str, moments: Iterable[datetime]) -> None:
    """Makes the days that rows of these UTC times belong to, where they are missing.

    Known days cost a look into a set. `forget` when a piece turns out to be gone.
    """
    if not is_postgresql(session):
        return
    known = _KNOWN.setdefault(_pool(session), set())
    missing = [
        piece
        for of in {at.astimezone(UTC).date() for at in moments}
        if (piece := day(table, of)).name not in known
    ]
    if missing:
        ensure(session, missing)


def forget(session: Session) -> None:
    """Whoever remembers pieces looks again: another process may have dropped one."""
    _KNOWN.pop(_pool(session), None)


def ensure(session: Session, wanted: Iterable[Piece]) -> int:
    """Makes the pieces that are missing and says how many; they are known once this is committed."""
    connection = session.connection()
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MAKING_LOCK})
    made, names = 0, []
    for piece in sorted(wanted, key=lambda piece: piece.name):
        names.append(piece.name)
        if connection.execute(text("SELECT to_regclass(:name)"), {"name": piece.name}).scalar() is None:
            for statement in make_statements(piece):
                connection.exec_driver_sql(statement)
            made += 1
    known = _KNOWN.setdefault(_pool(session), set())
    after_commit(session, lambda: known.update(names))
    return made


def give_way(session: Session) -> None:
    """In this transaction, a lock that is not to be had soon is an error: whoever waits stops all behind it.

    Shorter than PostgreSQL's own search for deadlocks, so that in one it is never the other who fails.
    """
    session.connection().exec_driver_sql(f"SET LOCAL lock_timeout = {PATIENCE_MILLISECONDS}")


def make_statements(piece: Piece) -> list[str]:
    # LIKE and ATTACH instead of PARTITION OF: that would lock out every reader and writer of the table.
    statements = [f"CREATE TABLE {piece.name} (LIKE {piece.table} INCLUDING ALL)"]
    since, until = f"'{piece.since.isoformat()}'", f"'{piece.until.isoformat()}'"
    if piece.table == MONTHLY:
        since, until = str(microseconds(piece.since)), str(microseconds(piece.until))
        statements += [
            f"LOCK TABLE {REST} IN ACCESS EXCLUSIVE MODE",
            f"WITH moved AS (DELETE FROM {REST} WHERE told_at >= {since} AND told_at < {until} RETURNING *)"  # noqa: S608
            f" INSERT INTO {piece.name} SELECT * FROM moved",
        ]
    attach = f"ATTACH PARTITION {piece.name} FOR VALUES FROM ({since}) TO ({until})"
    return [*statements, f"ALTER TABLE {piece.table} {attach}"]


def existing(session: Session, table: str) -> list[Piece]:
    """The dated pieces of a table, oldest first; empty on SQLite."""
    if not is_postgresql(session):
        return []
    statement = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:table)"
    names = session.connection().execute(text(statement), {"table": table}).scalars()
    found = [_dated(table, name) for name in names]
    return sorted((piece for piece in found if piece is not None), key=lambda piece: piece.since)


def _dated(table: str, name: str) -> Piece | None:
    digits = name.removeprefix(f"{table}_p")
    if not digits.isdigit():
        return None
    of = date(int(digits[:4]), int(digits[4:6]), int(digits[6:] or 1))
    return month(of) if table == MONTHLY else day(table, of)


def _pool(session: Session) -> Pool:
    bind: Any = session.get_bind()
    pool: Pool = bind.engine.pool
    return pool
