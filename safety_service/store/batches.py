"""Upserts of a whole batch in one statement, with no layer between: what each step of the pipeline writes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from safety_service.store.dialect import is_postgresql
from safety_service.store.driver import driver_of, microseconds


class Upsert(NamedTuple):
    """`columns`: name to PostgreSQL type; `key`: those of the unique key; `change`: what a known row gets.

    `change` is SQL in which `excluded` is the new row; `{larger}` is the database's function for the larger
    of two values.
    """

    table: str
    columns: dict[str, str]
    key: tuple[str, ...]
    change: str

    def sql(self, *, postgresql: bool) -> str:
        names = ", ".join(self.columns)
        change = self.change.format(larger="greatest" if postgresql else "max")
        if postgresql:
            arrays = ", ".join(f"%b::{kind}[]" for kind in self.columns.values())
            source = f"SELECT * FROM unnest({arrays})"  # noqa: S608 - as below
        else:
            source = f"VALUES ({', '.join('?' * len(self.columns))})"
        return (
            f"INSERT INTO {self.table} ({names}) {source}"
            f" ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {change}"
        )


def upsert(session: Session, what: Upsert, rows: Sequence[tuple[Any, ...]]) -> None:
    """Writes the rows, each with the columns in their order; no two may have the same key.

    Sort them by key: two writers that meet rows in another order can block each other for good.
    """
    if not rows:
        return
    postgresql = is_postgresql(session)
    with driver_of(session) as driver:
        if postgresql:
            with driver.cursor(binary=True) as cursor:
                columns = [list(column) for column in zip(*rows, strict=True)]
                cursor.execute(what.sql(postgresql=True), columns)
        else:
            driver.executemany(what.sql(postgresql=False), rows)


def instant_of(session: Session) -> Callable[[datetime], Any]:
    """How an aware time is handed to the driver."""
    return _as_it_is if is_postgresql(session) else microseconds


def _as_it_is(moment: datetime) -> datetime:
    return moment
