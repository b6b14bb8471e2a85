"""Engines and transactions: one `session_scope` is one transaction, and the only place that commits."""

import select
import sqlite3
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import psycopg
from sqlalchemy import Connection, Engine, Pool, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlmodel import Session

from safety_service.domain.errors import Unavailable
from safety_service.store import turns
from safety_service.store.scope import Scope

BUSY_TIMEOUT_SECONDS = 30

_TURNS: WeakKeyDictionary[Engine, Lock] = WeakKeyDictionary()


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def open_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine for `sqlite:///FILE` or `postgresql+psycopg://…` (a plain `postgresql://` is completed).

    SQLite: WAL, `synchronous=FULL` (a commit is on the disk before it is acknowledged), foreign keys on.
    """
    parsed = make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    common: dict[str, Any] = {"json_serializer": _to_json, "json_deserializer": msgspec.json.decode}
    if parsed.get_backend_name() != "sqlite":
        # The connection used last has the most statements prepared.
        server = create_engine(parsed, pool_size=pool_size, max_overflow=20, pool_use_lifo=True, **common)
        event.listen(server, "checkout", _refuse_ended)
        return server
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=20,
        pool_use_lifo=True,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        **common,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _refuse_ended(connection: Any, _record: Any, _proxy: Any) -> None:
    """Asks the server only where its socket has something to say, as when the server has ended it.

    To ask each time would cost every session a round trip.
    """
    try:
        look = select.poll()
        look.register(connection.fileno(), select.POLLIN)
        if look.poll(0):
            connection.execute("SELECT 1")
            connection.rollback()
    except psycopg.OperationalError as error:
        raise DisconnectionError("the server has ended this connection") from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling begins late and deferred; ours begins at once (see _begin_sqlite).
    connection.isolation_level = None
    _use_wal(connection)
    # Checkpoints cost a sync of the whole file: with the default one would follow every large batch.
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-16384", "wal_autocheckpoint=4000"):
        connection.execute(f"PRAGMA {pragma}")


def _use_wal(connection: Any) -> None:
    # The change of the journal needs the file alone, and SQLite does not wait for that as it waits for locks:
    # processes that open a new file together must try again.
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that turns writer later can fail at once with "locked"; IMMEDIATE waits its turn.
    if connection.get_execution_options().get("writes"):
        turns.begin_immediate(connection.connection.driver_connection, BUSY_TIMEOUT_SECONDS)
    else:
        connection.exec_driver_sql("BEGIN DEFERRED")


@contextmanager
def session_scope(
    engine: Engine, scope: Scope, *, write: bool = False, autocommit: bool = False
) -> Iterator[Session]:
    """One transaction for one request, batch or job run; commits at the end, rolls back on any exception.

    Side effects belong in `after_commit(session, ...)`. A database that cannot be reached raises Unavailable.
    `autocommit` is for a few quick reads, each of which sees what is committed by then, as they do on
    PostgreSQL anyway: without a transaction around them they save two round trips.
    """
    if autocommit and engine.dialect.name != "sqlite":
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    with _writers_turn(engine) if write else nullcontext():
        session = yield from _transaction(engine, scope, write)
    for effect in session.info.get("after_commit", ()):
        effect()


def _transaction(engine: Engine, scope: Scope, write: bool) -> Generator[Session, None, Session]:
    # What a reader writes by mistake is refused by PostgreSQL and rolled back on SQLite.
    bind = engine.execution_options(**({"writes": True} if write else {"postgresql_readonly": True}))
    session = Session(bind, expire_on_commit=False, info={"scope": scope})
    try:
        yield session
        if write:
            session.commit()
        elif engine.dialect.name != "sqlite":
            # The end of a read is a commit too, of nothing: where a connection rolls back, psycopg forgets
            # what it has prepared on it.
            session.expunge_all()
            session.commit()
    except OperationalError as error:
        session.rollback()
        raise Unavailable("the database cannot be reached or is busy", slug="database-away") from error
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()
    return session


@contextmanager
def _writers_turn(engine: Engine) -> Iterator[None]:
    """Lets this process's writers of a SQLite file queue up.

    SQLite lets them poll instead, with growing pauses: under load the unlucky one waits for many seconds.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    turn = _TURNS.setdefault(engine, Lock())
    if not turn.acquire(timeout=BUSY_TIMEOUT_SECONDS):
        raise Unavailable("the database is busy", slug="database-away")
    try:
        yield
    finally:
        turn.release()


def after_commit(session: Session, effect: Callable[[], None]) -> None:
    """Runs `effect` once this transaction is safely committed, never before, never after a rollback."""
    session.info.setdefault("after_commit", []).append(effect)


def is_writing(session: Session) -> bool:
    """Whether this transaction may write: then it sees what nobody else sees yet."""
    return bool(session.get_bind().get_execution_options().get("writes"))


def pool_of(session: Session) -> Pool:
    """What all sessions of one database in this process share."""
    return session.get_bind().engine.pool
