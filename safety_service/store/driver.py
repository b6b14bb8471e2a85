"""The driver's own connection, for what touches every row of a batch and cannot afford a layer between."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@contextmanager
def driver_of(session: Session) -> Iterator[Any]:
    """The `sqlite3` or `psycopg` connection inside the session's transaction.

    Its operational errors come out as SQLAlchemy's, so that a database which is away looks like one.
    """
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    try:
        yield driver
    except (sqlite3.OperationalError, psycopg.OperationalError) as error:
        if getattr(driver, "closed", False):
            connection.invalidate(error)
        raise OperationalError("a statement over a whole batch", None, error) from error


def microseconds(moment: datetime) -> int:
    """An aware time as SQLite stores it: microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """Undoes `microseconds`."""
    return _EPOCH + timedelta(microseconds=microseconds)
