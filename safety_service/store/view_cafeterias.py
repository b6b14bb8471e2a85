"""Cafeterias and their latest visits as the wall screen reads them."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from safety_service.store.inspections import counts
from safety_service.store.tables import School
from safety_service.store.tables_cafeteria import Cafeteria, Inspection


def cafeterias(session: Session) -> Sequence[tuple[Cafeteria, School]]:
    """Every cafeteria with its school, by id; a county has a few hundred."""
    statement = (
        select(Cafeteria, School)
        .join(School, col(School.code) == col(Cafeteria.school))
        .order_by(Cafeteria.id)
    )
    return [(cafeteria, school) for cafeteria, school in session.execute(statement)]


class Regraded(NamedTuple):
    """A visit that gave another grade than the one before it, and why."""

    cafeteria: str
    school: str
    name_zh: str
    name_en: str
    visited_on: date
    before: str | None
    now: str | None
    comparison: dict[str, Any]


def latest_regraded(session: Session, since: date, limit: int) -> list[Regraded]:
    """The newest visits since that day whose grade is not that of the one before."""
    before = aliased(Inspection)
    statement = (
        select(
            col(Cafeteria.id),
            col(Cafeteria.school),
            col(Cafeteria.name_zh),
            col(Cafeteria.name_en),
            col(Inspection.visited_on),
            col(before.grade),
            col(Inspection.grade),
            col(Inspection.comparison),
        )
        .join(before, col(before.id) == col(Inspection.previous))
        .join(Cafeteria, col(Cafeteria.id) == col(Inspection.cafeteria))
        .where(
            col(Inspection.visited_on) >= since,
            col(Inspection.grade).is_distinct_from(col(before.grade)),
            counts(),
        )
        .order_by(col(Inspection.visited_on).desc(), col(Inspection.id).desc())
        .limit(limit)
    )
    return [Regraded(*row) for row in session.execute(statement)]
