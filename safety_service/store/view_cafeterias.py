"""Cafeterias and their latest visits as the wall screen reads them."""

from collections.abc import Sequence
from datetime import date

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


def latest_comparisons(
    session: Session, since: date, limit: int
) -> Sequence[tuple[Inspection, Inspection, Cafeteria]]:
    """The newest visits since that day which have one before them: (visit, the one before, cafeteria)."""
    before = aliased(Inspection)
    statement = (
        select(Inspection, before, Cafeteria)
        .join(before, col(before.id) == col(Inspection.previous))
        .join(Cafeteria, col(Cafeteria.id) == col(Inspection.cafeteria))
        .where(col(Inspection.visited_on) >= since, counts())
        .order_by(col(Inspection.id).desc())
        .limit(limit)
    )
    return [(visit, previous, place) for visit, previous, place in session.execute(statement)]
