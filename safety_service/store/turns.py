"""Whose turn it is to write a SQLite file, among processes: the next in line waits alone.

SQLite itself lets every writer poll with pauses of up to 100 ms, so whoever has just finished nearly always
comes first again and the others starve. Here a writer stands at a gate (a lock on a file beside the
database) while it waits for the write lock: nobody else can ask for that lock meanwhile.
"""

import os
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from safety_service.domain.errors import Unavailable

try:
    import fcntl
except ImportError:  # no such locks on this system: SQLite's own waiting has to do
    fcntl = None  # type: ignore[assignment]

PAUSE_SECONDS = 0.0005
"""Between two looks. A write takes some milliseconds, so this is lost in it."""

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def begin_immediate(connection: Any, timeout_seconds: float) -> None:
    """Begins a transaction that may write; raises Unavailable when its turn never comes."""
    deadline = time.monotonic() + timeout_seconds
    gate = _open_gate(connection)
    try:
        _wait_for(lambda: _pass(gate), deadline)
        connection.execute("PRAGMA busy_timeout=0")
        try:
            _wait_for(lambda: _begin(connection), deadline)
        finally:
            connection.execute(f"PRAGMA busy_timeout={int(timeout_seconds * 1000)}")
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"the database cannot be written: {error}", slug="database-away") from error
    finally:
        if gate is not None:
            os.close(gate)


def _wait_for(done: Callable[[], bool], deadline: float) -> None:
    while not done():
        if time.monotonic() > deadline:
            raise Unavailable("the database is busy", slug="database-away")
        time.sleep(PAUSE_SECONDS)


def _begin(connection: Any) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _BUSY:
            raise
        return False
    return True


def _open_gate(connection: Any) -> int | None:
    file = connection.execute("PRAGMA database_list").fetchone()[2]
    if not file or fcntl is None:
        return None
    return os.open(f"{file}-gate", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


def _pass(gate: int | None) -> bool:
    if gate is not None:
        try:
            fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
