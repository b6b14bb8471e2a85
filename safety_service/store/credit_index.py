"""The credit indexes of each day: written once a night, read as lists and as the course of one cafeteria."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from safety_service.store.dialect import insert
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables import School
from safety_service.store.tables_cafeteria import Cafeteria
from safety_service.store.tables_credit_index import CreditIndexDay


class OfDay(NamedTuple):
    day: date
    value: str | None


def keep(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Writes one day of many cafeterias; what the same day was given before goes."""
    if not rows:
        return
    statement = insert(session, CreditIndexDay)
    changed = {name: statement.excluded[name] for name in ("value", "version", "parts", "reckoned_at")}
    written = statement.on_conflict_do_update(index_elements=["cafeteria", "day"], set_=changed)
    session.connection().execute(written, list(rows))


def newest_day(session: Session) -> date | None:
    """The last day on which any was reckoned."""
    return session.execute(select_columns(func.max(col(CreditIndexDay.day)))).scalar_one_or_none()


def list_page(
    session: Session, day: date, township: str | None, after: Key | None, limit: int
) -> Page[CreditIndexDay]:
    """The indexes of one day by cafeteria."""
    statement = select(CreditIndexDay).where(CreditIndexDay.day == day)
    if township is not None:
        schools = select(School.code).where(School.township == township)
        statement = statement.where(col(CreditIndexDay.school).in_(schools))
    return page(session, statement, [CreditIndexDay.cafeteria], after=after, limit=limit)


def names(session: Session, cafeterias: Sequence[str]) -> dict[str, tuple[str, str]]:
    """(name_zh, name_en) by cafeteria."""
    statement = select_columns(col(Cafeteria.id), col(Cafeteria.name_zh), col(Cafeteria.name_en)).where(
        col(Cafeteria.id).in_(cafeterias)
    )
    return {cafeteria: (zh, en) for cafeteria, zh, en in session.execute(statement)}


def course(session: Session, cafeteria: str, after: date, up_to: date) -> list[OfDay]:
    """The days of one cafeteria within (after, up_to], oldest first."""
    statement = (
        select_columns(col(CreditIndexDay.day), col(CreditIndexDay.value))
        .where(
            col(CreditIndexDay.cafeteria) == cafeteria,
            col(CreditIndexDay.day) > after,
            col(CreditIndexDay.day) <= up_to,
        )
        .order_by(col(CreditIndexDay.day))
    )
    return [OfDay(*row) for row in session.execute(statement)]
