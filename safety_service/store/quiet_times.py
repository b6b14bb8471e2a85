"""Silences and maintenance windows as they are stored; ended ones stay, for the history names them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import or_
from sqlmodel import Session, col, select

from safety_service.domain.errors import NotFound
from safety_service.domain.suppression import Quiet
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables_suppression import QuietTime


def standing(session: Session, since: datetime) -> list[Quiet]:
    """Those that nobody has ended and that may hold something back at `since` or later."""
    later = or_(col(QuietTime.recurrence).is_not(None), col(QuietTime.ends_at) > since)
    rows = session.exec(
        select(QuietTime).where(col(QuietTime.ended_at).is_(None), later).order_by(col(QuietTime.id))
    )
    return [as_quiet(row) for row in rows]


def as_quiet(row: QuietTime) -> Quiet:
    return Quiet(
        cause=f"{row.type}:{row.id}",
        starts_at=row.starts_at,
        length=row.ends_at - row.starts_at,
        zone=ZoneInfo(row.timezone),
        match=row.match,
        school=row.school,
        recurrence=row.recurrence,
        made_at=row.created_at,
    )


def add(session: Session, row: QuietTime) -> QuietTime:
    session.add(row)
    session.flush()
    return row


def get(session: Session, kind: str, number: int, place: str) -> QuietTime:
    """Raises NotFound, also where it is about other schools than the session's."""
    row = session.exec(select(QuietTime).where(QuietTime.type == kind, QuietTime.id == number)).one_or_none()
    if row is None:
        raise NotFound(f"there is no {kind} {number}", place=place)
    return row


def list_page(
    session: Session, kind: str, standing_at: datetime | None, after: Key | None, limit: int
) -> Page[QuietTime]:
    """Newest first; `standing_at`: only what is not over at that instant."""
    statement = select(QuietTime).where(QuietTime.type == kind)
    if standing_at is not None:
        lasting = or_(col(QuietTime.recurrence).is_not(None), col(QuietTime.ends_at) > standing_at)
        statement = statement.where(col(QuietTime.ended_at).is_(None), lasting)
    return page(session, statement, [QuietTime.id], after=after, limit=limit, descending=True)
