"""Cafeterias with their places, and their visits one after another, as open data needs them."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from safety_service.store.inspections import counts
from safety_service.store.tables import County, School, Township
from safety_service.store.tables_cafeteria import Cafeteria, Inspection

_AT_ONCE = 500


class Placed(NamedTuple):
    cafeteria: Cafeteria
    school: School
    township: Township
    county: County


class Visit(NamedTuple):
    """One visit that counts, with the scoring as it was stored."""

    cafeteria: str
    visited_on: date
    scheme: str
    score: str | None
    grade: str | None
    previous: int | None
    result: dict[str, Any]


def placed(session: Session) -> list[Placed]:
    """Every cafeteria of the session's schools, by id."""
    statement = (
        select(Cafeteria, School, Township, County)
        .join(School, col(School.code) == col(Cafeteria.school))
        .join(Township, col(Township.code) == col(School.township))
        .join(County, col(County.code) == col(Township.county))
        .order_by(col(Cafeteria.id))
    )
    return [Placed(*row) for row in session.execute(statement)]


def visits(
    session: Session, schemes: Collection[str], since: date | None, until: date | None
) -> Iterator[Visit]:
    """By cafeteria and day; a few at a time are in memory."""
    statement = (
        select(*(getattr(Inspection, name) for name in Visit._fields))
        .where(col(Inspection.scheme).in_(sorted(schemes)), counts())
        .order_by(col(Inspection.cafeteria), col(Inspection.visited_on), col(Inspection.visit))
        .execution_options(yield_per=_AT_ONCE)
    )
    if since is not None:
        statement = statement.where(col(Inspection.visited_on) >= since)
    if until is not None:
        statement = statement.where(col(Inspection.visited_on) <= until)
    for row in session.execute(statement):
        yield Visit(*row)


def last_results(session: Session, numbers: Collection[int]) -> dict[str, dict[str, Any]]:
    """The scoring of these inspections, by cafeteria."""
    statement = select(col(Inspection.cafeteria), col(Inspection.result)).where(
        col(Inspection.id).in_(sorted(numbers))
    )
    return {row[0]: row[1] for row in session.execute(statement)}
