"""The one chain of a database: held by who appends until the transaction ends, walked by who verifies."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col, func

from safety_service.domain.chain import CHAINED, GENESIS, Head, Link, chain_hash
from safety_service.store import counters
from safety_service.store.tables_cafeteria import Inspection

_AT_ONCE = 500


def hold(session: Session) -> int:
    """The number of the next record; no other transaction appends before this one has ended.

    Whoever appends holds the chain before a cafeteria: in the other order two of them could wait for each
    other for ever.
    """
    return counters.take(session, counters.INSPECTIONS, 0)


class Chaining:
    """Holds the chain for a transaction and gives each row its id, its place and its hash, in turn.

    The rows must be stored as they were linked, all of them; then `grow` counts them.
    """

    def __init__(self, session: Session) -> None:
        self._number = hold(session)
        # Past the limits of the session: the chain is one for all schools.
        taken = session.connection().execute(select(func.max(col(Inspection.id)))).scalar_one()
        self._id = (taken or 0) + 1
        self._hash = head(session).hash

    @property
    def next_number(self) -> int:
        return self._number

    def link(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row to store; without `visit` it is the first of its visit."""
        number = self._number
        placed = {**row, "id": self._id, "chain_number": number, "visit": row.get("visit") or number}
        self._hash = chain_hash(self._hash, placed)
        self._id, self._number = self._id + 1, number + 1
        return {**placed, "chain_hash": self._hash}


def linked(session: Session, row: Mapping[str, Any]) -> dict[str, Any]:
    """One row with id, place in the chain and hash; without `visit` it is the first of its visit."""
    return Chaining(session).link(row)


def grow(session: Session, count: int = 1) -> None:
    """Counts the records just added."""
    counters.take(session, counters.INSPECTIONS, count)


def head(session: Session) -> Head:
    """The last record there is, of whatever school."""
    statement = (
        select(
            col(Inspection.chain_number),
            col(Inspection.chain_hash),
            col(Inspection.id),
            col(Inspection.submitted_at),
        )
        .order_by(col(Inspection.chain_number).desc())
        .limit(1)
    )
    last = session.connection().execute(statement).one_or_none()
    return Head(0, GENESIS) if last is None else Head(*last)


def recorded(session: Session) -> int:
    """How many records were ever added."""
    return counters.current(session, counters.INSPECTIONS)


def walk(session: Session) -> Iterator[Link]:
    """Every record by number; a few at a time are in memory."""
    columns = [getattr(Inspection, name) for name in CHAINED]
    statement = (
        select(col(Inspection.chain_hash), *columns)
        .order_by(col(Inspection.chain_number))
        .execution_options(yield_per=_AT_ONCE)
    )
    for sealed, *values in session.execute(statement):
        record = dict(zip(CHAINED, values, strict=True))
        yield Link(record["chain_number"], record["id"], sealed, record)
