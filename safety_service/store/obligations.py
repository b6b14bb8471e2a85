"""Obligations: written by whoever owes them, read by the rules as they change."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import delete, or_, tuple_, update
from sqlmodel import Session, col, select

from safety_service.domain.errors import NotFound
from safety_service.domain.obligations import Obligation
from safety_service.store import counters
from safety_service.store.dialect import insert, table_of
from safety_service.store.scope import scope_of
from safety_service.store.tables_duties import StoredObligation

CHANGES = "obligation"
"""Counts the writes, so that a pipeline in another process notices that there are new ones."""

_AT_ONCE = 500
_KEY = ("of", "id")
_FIELDS = Obligation.__struct_fields__


def put(session: Session, obligations: Sequence[Obligation]) -> None:
    """Writes them as they are now, new or known; one that is open again is owed again.

    Whoever calls from a request wakes the pipeline after the commit. Raises NotFound for a school that is not
    one of the session's.
    """
    scope = scope_of(session)
    for owed in obligations:
        if not scope.allows(owed.school):
            raise NotFound(f"there is no school {owed.school}")
    latest = {(owed.of, owed.id): owed for owed in obligations}
    rows = [msgspec.structs.asdict(latest[key]) for key in sorted(latest)]
    if not rows:
        return
    change = counters.take(session, CHANGES, 1)
    for start in range(0, len(rows), _AT_ONCE):
        statement = insert(session, StoredObligation).values(
            [{**row, "change": change} for row in rows[start : start + _AT_ONCE]]
        )
        news = {name: statement.excluded[name] for name in (*_FIELDS, "change") if name not in _KEY}
        session.connection().execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=news))


def close(session: Session, of: str, ids: Collection[str], at: datetime, *, cancelled: bool = False) -> int:
    """They were done, or are not owed any more; returns how many of them had been open.

    Those of other schools than the session's stay as they are.
    """
    if not ids:
        return 0
    change = counters.take(session, CHANGES, 1)
    how = {"cancelled": True} if cancelled else {"done_at": at}
    closed, named = 0, sorted(ids)
    for start in range(0, len(named), _AT_ONCE):
        statement = (
            update(StoredObligation)
            .where(
                col(StoredObligation.of) == of,
                col(StoredObligation.id).in_(named[start : start + _AT_ONCE]),
                col(StoredObligation.done_at).is_(None),
                col(StoredObligation.cancelled).is_(False),
            )
            .values(change=change, **how)
            .execution_options(synchronize_session=False)
        )
        closed += session.execute(statement).rowcount  # type: ignore[attr-defined]
    return closed


def forget_before(session: Session, moment: datetime, *, limit: int) -> int:
    """Removes some of those that were due before it and are open no longer; returns how many."""
    table = table_of(StoredObligation)
    old = (
        select(table.c.of, table.c.id)
        .where(table.c.due_at < moment, or_(table.c.done_at.is_not(None), table.c.cancelled))
        .limit(limit)
    )
    keys = [tuple(key) for key in session.connection().execute(old)]
    if keys:
        gone = delete(table).where(tuple_(table.c.of, table.c.id).in_(keys))
        session.connection().execute(gone)
    return len(keys)


def changed_after(session: Session, change: int) -> tuple[int, list[Obligation]]:
    """Everything that was written after that change, and the number of the last one.

    Numbers are given out in the order of commits, so none is still to come below one that was seen.
    """
    statement = (
        select(StoredObligation)
        .where(col(StoredObligation.change) > change)
        .order_by(col(StoredObligation.change), col(StoredObligation.of), col(StoredObligation.id))
    )
    rows = session.exec(statement).all()
    return max([change, *(row.change for row in rows)]), [as_obligation(row) for row in rows]


def every_open(session: Session) -> list[Obligation]:
    """What is owed at present, for rules that begin."""
    statement = select(StoredObligation).where(
        col(StoredObligation.done_at).is_(None), col(StoredObligation.cancelled).is_(False)
    )
    return [as_obligation(row) for row in session.exec(statement)]


def as_obligation(row: StoredObligation) -> Obligation:
    return msgspec.convert({name: getattr(row, name) for name in _FIELDS}, Obligation)
