"""Hand-over notes, and what is open at a desk at the moment one is written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from safety_service.domain.errors import NotFound
from safety_service.domain.types import SEVERITIES
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables import StoredAlert
from safety_service.store.tables_desk import Handover
from safety_service.store.tables_suppression import QuietTime


def add(session: Session, row: Handover) -> Handover:
    session.add(row)
    session.flush()
    return row


def get(session: Session, number: int, *, hold: bool = False) -> Handover:
    """Raises NotFound, also where it is another desk's. `hold`: nobody else takes it meanwhile."""
    statement = select(Handover).where(Handover.id == number)
    if hold:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    row = session.exec(statement).one_or_none()
    if row is None:
        raise NotFound(f"there is no hand-over {number}", place="path.number")
    return row


def list_page(
    session: Session, waiting: bool | None, school: str | None, after: Key | None, limit: int
) -> Page[Handover]:
    """Newest first; `waiting`: nobody has taken it."""
    statement = select(Handover)
    if waiting is not None:
        taken = col(Handover.taken_at)
        statement = statement.where(taken.is_(None) if waiting else taken.is_not(None))
    if school is not None:
        statement = statement.where(Handover.school == school)
    return page(session, statement, [Handover.id], after=after, limit=limit, descending=True)


def open_counts(session: Session, school: str | None) -> Mapping[str, tuple[int, int]]:
    """Severity -> (open alerts, those of them that nobody has acknowledged)."""
    statement = (
        select(
            StoredAlert.severity,
            func.count(),
            func.count(case((col(StoredAlert.acknowledged_at).is_(None), 1))),
        )
        .where(col(StoredAlert.closed_at).is_(None))
        .group_by(col(StoredAlert.severity))
    )
    if school is not None:
        statement = statement.where(StoredAlert.school == school)
    return {severity: (total, waiting) for severity, total, waiting in session.execute(statement)}


def open_alerts(session: Session, school: str | None, limit: int) -> Sequence[StoredAlert]:
    """The worst first, of those the longest open."""
    rank = case({name: place for place, name in enumerate(SEVERITIES)}, value=col(StoredAlert.severity))
    statement: SelectOfScalar[StoredAlert] = select(StoredAlert).where(col(StoredAlert.closed_at).is_(None))
    if school is not None:
        statement = statement.where(StoredAlert.school == school)
    return session.exec(
        statement.order_by(rank, col(StoredAlert.raised_at), col(StoredAlert.id)).limit(limit)
    ).all()


def standing_silences(session: Session, school: str | None, now: datetime, limit: int) -> Sequence[QuietTime]:
    """Silences that hold something back now, the one that ends first at the head."""
    wanted: list[Any] = [
        QuietTime.type == "silence",
        col(QuietTime.ended_at).is_(None),
        col(QuietTime.starts_at) <= now,
        col(QuietTime.ends_at) > now,
    ]
    if school is not None:
        wanted.append(QuietTime.school == school)
    statement = select(QuietTime).where(*wanted).order_by(col(QuietTime.ends_at), col(QuietTime.id))
    return session.exec(statement.limit(limit)).all()
