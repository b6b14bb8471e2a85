"""Inspections: added once, read by number or by cafeteria, never changed."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlmodel import Session, col, func, select

from safety_service.domain.errors import NotFound
from safety_service.store.dialect import insert
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables_cafeteria import Inspection


class Scored(NamedTuple):
    """One visit as the annual grade sees it."""

    cafeteria: str
    visited_on: date
    score: str | None


def add(session: Session, row: dict[str, Any]) -> Inspection | None:
    """The new inspection, or None where the school has one with this source key already."""
    statement = (
        insert(session, Inspection)
        .values(row)
        .on_conflict_do_nothing(index_elements=["school", "source_key"])
        .returning(Inspection.id)
    )
    number = session.connection().execute(statement).scalar_one_or_none()
    return None if number is None else read(session, number)


def find_by_source(session: Session, school: str, source_key: str) -> Inspection | None:
    statement = select(Inspection).where(Inspection.school == school, Inspection.source_key == source_key)
    return session.exec(statement).one_or_none()


def read(session: Session, number: int) -> Inspection:
    return session.exec(select(Inspection).where(Inspection.id == number)).one()


def last_up_to(session: Session, cafeteria: str, day: date) -> Inspection | None:
    """The last visit on or before a day; of several on one day the one submitted last."""
    statement = (
        select(Inspection)
        .where(Inspection.cafeteria == cafeteria, col(Inspection.visited_on) <= day)
        .order_by(col(Inspection.visited_on).desc(), col(Inspection.id).desc())
        .limit(1)
    )
    return session.exec(statement).one_or_none()


def get(session: Session, cafeteria: str, number: int) -> Inspection:
    """The inspection of this cafeteria, or NotFound."""
    statement = select(Inspection).where(Inspection.id == number, Inspection.cafeteria == cafeteria)
    found = session.exec(statement).one_or_none()
    if found is None:
        raise NotFound(f"there is no inspection {number} of cafeteria {cafeteria}")
    return found


def list_page(session: Session, cafeteria: str, after: Key | None, limit: int) -> Page[Inspection]:
    """The visits of one cafeteria, the last first."""
    statement = select(Inspection).where(Inspection.cafeteria == cafeteria)
    order = [Inspection.visited_on, Inspection.id]
    # A cursor carries text, numbers and times; a date travels in it as text.
    if after is not None and isinstance(after[0], str):
        after = (date.fromisoformat(after[0]), after[1])
    found = page(session, statement, order, after=after, limit=limit, descending=True)
    if found.next is None:
        return found
    return Page(found.rows, (found.next[0].isoformat(), found.next[1]))


def scored(
    session: Session, cafeterias: Sequence[str], scheme: str, *, after: date, up_to: date
) -> list[Scored]:
    """The visits of these cafeterias under one scheme within (after, up_to], oldest first."""
    statement = (
        select(col(Inspection.cafeteria), col(Inspection.visited_on), col(Inspection.score))
        .where(
            col(Inspection.cafeteria).in_(cafeterias),
            Inspection.scheme == scheme,
            col(Inspection.visited_on) > after,
            col(Inspection.visited_on) <= up_to,
        )
        .order_by(col(Inspection.cafeteria), col(Inspection.visited_on), col(Inspection.id))
    )
    return [Scored(*row) for row in session.execute(statement)]


def scores_by_inspector(session: Session, scheme: str, since: date) -> list[tuple[str, str]]:
    """(inspector, score) of each scored visit after that day; whoever submitted it where nobody is named."""
    statement = select(
        func.coalesce(col(Inspection.inspector), col(Inspection.submitted_by)), col(Inspection.score)
    ).where(
        Inspection.scheme == scheme, col(Inspection.visited_on) > since, col(Inspection.score).is_not(None)
    )
    return [(inspector, score) for inspector, score in session.exec(statement) if score is not None]
