"""How much of what is owed is done, as the wall screen counts it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, literal, select
from sqlmodel import Session, col, func

from safety_service.store.tables_duties import DutyOccurrence


class Owed(NamedTuple):
    """Of the occurrences due within a stretch: all that were not cancelled, those done, those missed."""

    total: int
    done: int
    missed: int


def owed(session: Session, since: datetime, until: datetime) -> Owed:
    """Due from `since` (included) to `until` (not)."""
    state, due_at = col(DutyOccurrence.state), col(DutyOccurrence.due_at)
    counts = session.execute(
        select(
            func.count(),
            func.count(case((state == "done", 1))),
            func.count(case((state == "missed", 1))),
        ).where(due_at >= since, due_at < until, state != "cancelled")
    ).one()
    return Owed(*(int(count) for count in counts))


def overdue(session: Session, now: datetime, school: str | None = None) -> int:
    """Open, and due before now."""
    # Written out, or SQLite would not know that the index of what is open holds all that is asked for.
    is_open = col(DutyOccurrence.state) == literal("open", literal_execute=True)
    statement = (
        select(func.count()).select_from(DutyOccurrence).where(is_open, col(DutyOccurrence.due_at) < now)
    )
    if school is not None:
        statement = statement.where(col(DutyOccurrence.school) == school)
    return int(session.execute(statement).scalar_one())
