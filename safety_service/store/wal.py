"""SQLite's log of changes: copied into the database beside the writers, not while one holds them all up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session


@contextmanager
def kept_short_later(engine: Engine) -> Iterator[Callable[[Session], None]]:
    """The commit of the session that is handed over copies nothing; the end of this context does instead.

    A step that changes a few hundred rows changes as many pages: copying them would hold the writers up
    longer than the step itself. Nothing to do on PostgreSQL.
    """
    deferred: list[tuple[Any, int]] = []

    def defer(session: Session) -> None:
        driver: Any = session.connection().connection.driver_connection
        if engine.dialect.name == "sqlite":
            [pages] = driver.execute("PRAGMA wal_autocheckpoint").fetchone()
            deferred.append((driver, pages))
            driver.execute("PRAGMA wal_autocheckpoint=0")

    try:
        yield defer
    finally:
        for driver, pages in deferred:
            driver.execute(f"PRAGMA wal_autocheckpoint={pages}")
    if deferred:
        pooled = engine.raw_connection()
        try:
            # PASSIVE copies what it can and waits for nobody.
            pooled.driver_connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # type: ignore[union-attr]
        finally:
            pooled.close()
