"""Inspections: added once and never changed; of each visit the newest revision counts."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, or_
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from safety_service.domain.errors import NotFound
from safety_service.store import inspection_chain
from safety_service.store.dialect import insert
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables_cafeteria import Cafeteria, Inspection


class Graded(NamedTuple):
    """One visit as a list of grades shows it."""

    id: int
    visited_on: date
    scheme: str
    score: str | None
    grade: str | None
    icon: str | None
    reason: str | None
    revision: int


class Scored(NamedTuple):
    """One visit as the annual grade and the credit index see it."""

    id: int
    cafeteria: str
    visited_on: date
    score: str | None


def add(session: Session, row: dict[str, Any]) -> Inspection | None:
    """The new inspection, chained behind the last one; None where the school has this source key already.

    `row` without `visit` is the first of its visit. The chain is held until the transaction ends.
    """
    statement = (
        insert(session, Inspection)
        .values(inspection_chain.linked(session, row))
        .on_conflict_do_nothing(index_elements=["school", "source_key"])
        .returning(Inspection.id)
    )
    number = session.connection().execute(statement).scalar_one_or_none()
    if number is None:
        return None
    inspection_chain.grow(session)
    return read(session, number)


def add_linked(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Adds rows that `inspection_chain.Chaining` has linked in this transaction; their keys are new."""
    if rows:
        session.connection().execute(insert(session, Inspection), list(rows))
        inspection_chain.grow(session, len(rows))


def counts() -> ColumnElement[bool]:
    """Whether a row is the newest revision of its visit: the one that no other corrects."""
    later = aliased(Inspection)
    return ~exists().where(col(later.corrects) == col(Inspection.id))


def find_by_source(session: Session, school: str, source_key: str) -> Inspection | None:
    statement = select(Inspection).where(Inspection.school == school, Inspection.source_key == source_key)
    return session.exec(statement).one_or_none()


def fingerprints(session: Session, school: str, source_keys: Collection[str]) -> dict[str, str]:
    """Of those keys that the school has already: the fingerprint of the content."""
    statement = select_columns(col(Inspection.source_key), col(Inspection.fingerprint)).where(
        col(Inspection.school) == school, col(Inspection.source_key).in_(sorted(source_keys))
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def order_of_visits(
    session: Session, cafeteria: str, schemes: Collection[str]
) -> list[tuple[date, int, int]]:
    """(day, visit, id) of the visits that count under these schemes, in their order."""
    statement = (
        select_columns(col(Inspection.visited_on), col(Inspection.visit), col(Inspection.id))
        .where(col(Inspection.cafeteria) == cafeteria, col(Inspection.scheme).in_(schemes), counts())
        .order_by(col(Inspection.visited_on), col(Inspection.visit))
    )
    return [(day, visit, number) for day, visit, number in session.execute(statement)]


def read(session: Session, number: int) -> Inspection:
    return session.exec(select(Inspection).where(Inspection.id == number)).one()


def last(session: Session, cafeteria: str, schemes: Collection[str]) -> Inspection | None:
    """The last visit under `schemes`; of several on one day the one that was first submitted last."""
    return _last(session, cafeteria, schemes)


def last_up_to(session: Session, cafeteria: str, day: date, schemes: Collection[str]) -> Inspection | None:
    """The last of the visits on or before a day."""
    return _last(session, cafeteria, schemes, col(Inspection.visited_on) <= day)


def last_before(
    session: Session, cafeteria: str, day: date, visit: int, schemes: Collection[str]
) -> Inspection | None:
    """The visit before the one with this number, were it made on that day."""
    earlier = or_(
        col(Inspection.visited_on) < day,
        and_(col(Inspection.visited_on) == day, col(Inspection.visit) < visit),
    )
    return _last(session, cafeteria, schemes, col(Inspection.visit) != visit, earlier)


def _last(
    session: Session, cafeteria: str, schemes: Collection[str], *wanted: ColumnElement[bool]
) -> Inspection | None:
    statement = (
        select(Inspection)
        .where(Inspection.cafeteria == cafeteria, col(Inspection.scheme).in_(schemes), *wanted, counts())
        .order_by(col(Inspection.visited_on).desc(), col(Inspection.visit).desc())
        .limit(1)
    )
    return session.exec(statement).one_or_none()


def recent(session: Session, cafeteria: str, scheme: str, limit: int) -> Sequence[Inspection]:
    """The last visits under one scheme, the newest first."""
    statement = (
        select(Inspection)
        .where(Inspection.cafeteria == cafeteria, Inspection.scheme == scheme, counts())
        .order_by(col(Inspection.visited_on).desc(), col(Inspection.visit).desc())
        .limit(limit)
    )
    return session.exec(statement).all()


def revisions(session: Session, cafeteria: str, visit: int) -> Sequence[Inspection]:
    """Every row of one visit, the newest revision first."""
    statement = select(Inspection).where(Inspection.cafeteria == cafeteria, Inspection.visit == visit)
    return session.exec(statement.order_by(col(Inspection.revision).desc())).all()


def corrected_by(session: Session, number: int) -> int | None:
    """The inspection that stands in for this one; None where this one counts."""
    return session.exec(select(Inspection.id).where(Inspection.corrects == number)).one_or_none()


def find(session: Session, cafeteria: str, number: int) -> Inspection | None:
    statement = select(Inspection).where(Inspection.id == number, Inspection.cafeteria == cafeteria)
    return session.exec(statement).one_or_none()


def get(session: Session, cafeteria: str, number: int) -> Inspection:
    """The inspection of this cafeteria, or NotFound."""
    found = find(session, cafeteria, number)
    if found is None:
        raise NotFound(f"there is no inspection {number} of cafeteria {cafeteria}")
    return found


def list_page(session: Session, cafeteria: str, after: Key | None, limit: int) -> Page[Inspection]:
    """The visits of one cafeteria in their newest revision, the last first."""
    statement = select(Inspection).where(Inspection.cafeteria == cafeteria, counts())
    order = [Inspection.visited_on, Inspection.visit]
    # A cursor carries text, numbers and times; a date travels in it as text.
    if after is not None and isinstance(after[0], str):
        after = (date.fromisoformat(after[0]), after[1])
    found = page(session, statement, order, after=after, limit=limit, descending=True)
    if found.next is None:
        return found
    return Page(found.rows, (found.next[0].isoformat(), found.next[1]))


def graded(
    session: Session, cafeteria: str, schemes: Collection[str], after: date, up_to: date, limit: int
) -> list[Graded]:
    """The visits that count within (after, up_to], the newest first, without their reckonings."""
    statement = (
        select_columns(*(getattr(Inspection, name) for name in Graded._fields))
        .where(
            col(Inspection.cafeteria) == cafeteria,
            col(Inspection.scheme).in_(schemes),
            col(Inspection.visited_on) > after,
            col(Inspection.visited_on) <= up_to,
            counts(),
        )
        .order_by(col(Inspection.visited_on).desc(), col(Inspection.visit).desc())
        .limit(limit)
    )
    return [Graded(*row) for row in session.execute(statement)]


def scored(
    session: Session, cafeterias: Sequence[str], scheme: str, *, after: date, up_to: date
) -> list[Scored]:
    """The visits of these cafeterias under one scheme within (after, up_to], oldest first."""
    statement = (
        select_columns(*(getattr(Inspection, name) for name in Scored._fields))
        .where(*_within(cafeterias, scheme, after, up_to))
        .order_by(col(Inspection.cafeteria), col(Inspection.visited_on), col(Inspection.visit))
    )
    return [Scored(*row) for row in session.execute(statement)]


def tallies(
    session: Session, cafeterias: Sequence[str], scheme: str, *, after: date, up_to: date
) -> list[tuple[str, str, int]]:
    """How often each cafeteria was given each score within (after, up_to]: all that a mean needs."""
    statement = (
        select_columns(col(Inspection.cafeteria), col(Inspection.score), func.count())
        .where(*_within(cafeterias, scheme, after, up_to), col(Inspection.score).is_not(None))
        .group_by(col(Inspection.cafeteria), col(Inspection.score))
    )
    return [(cafeteria, score, count) for cafeteria, score, count in session.execute(statement)]


def newest_records(session: Session, cafeterias: Sequence[str]) -> dict[str, int]:
    """The chain number of the newest record of each cafeteria: another one as soon as anything was added."""
    newest = (
        select_columns(func.max(col(Inspection.chain_number)))
        .where(col(Inspection.cafeteria) == col(Cafeteria.id))
        .scalar_subquery()
    )
    statement = select_columns(col(Cafeteria.id), newest).where(col(Cafeteria.id).in_(cafeterias))
    return {cafeteria: number or 0 for cafeteria, number in session.execute(statement)}


def _within(
    cafeterias: Sequence[str], scheme: str, after: date, up_to: date
) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Inspection.cafeteria).in_(cafeterias),
        col(Inspection.scheme) == scheme,
        col(Inspection.visited_on) > after,
        col(Inspection.visited_on) <= up_to,
        counts(),
    )


def find_any(session: Session, number: int) -> Inspection | None:
    """The inspection of whichever cafeteria of the session's schools."""
    return session.exec(select(Inspection).where(Inspection.id == number)).one_or_none()


def scores_by_inspector(session: Session, scheme: str, since: date) -> list[tuple[str, str]]:
    """(inspector, score) of each scored visit after that day; whoever submitted it where nobody is named."""
    statement = select(
        func.coalesce(col(Inspection.inspector), col(Inspection.submitted_by)), col(Inspection.score)
    ).where(
        Inspection.scheme == scheme,
        col(Inspection.visited_on) > since,
        col(Inspection.score).is_not(None),
        counts(),
    )
    return [(inspector, score) for inspector, score in session.exec(statement) if score is not None]
