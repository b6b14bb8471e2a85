"""Planned visits: one at most for each cafeteria, gone once somebody has been there."""

from datetime import date
from typing import Any

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, delete, select

from safety_service.store.dialect import insert
from safety_service.store.tables import School
from safety_service.store.tables_cafeteria import Cafeteria
from safety_service.store.tables_inspection import PlannedVisit


def put(session: Session, row: dict[str, Any]) -> PlannedVisit:
    """Plans the visit, in place of what was planned before."""
    statement = insert(session, PlannedVisit).values(row)
    changed = {name: statement.excluded[name] for name in row if name not in ("cafeteria", "school")}
    session.connection().execute(statement.on_conflict_do_update(index_elements=["cafeteria"], set_=changed))
    return session.exec(
        select(PlannedVisit)
        .where(PlannedVisit.cafeteria == row["cafeteria"])
        .execution_options(populate_existing=True)
    ).one()


def remove(session: Session, cafeteria: str) -> bool:
    """Whether there was one."""
    statement = delete(PlannedVisit).where(col(PlannedVisit.cafeteria) == cafeteria)
    return session.connection().execute(statement).rowcount > 0


def find(session: Session, cafeteria: str) -> PlannedVisit | None:
    return session.exec(select(PlannedVisit).where(PlannedVisit.cafeteria == cafeteria)).one_or_none()


def by_cafeteria(session: Session) -> dict[str, PlannedVisit]:
    return {planned.cafeteria: planned for planned in session.exec(select(PlannedVisit))}


def of_day(session: Session, assignee: str, day: date) -> list[tuple[PlannedVisit, Cafeteria, School]]:
    """What one inspector has planned for a day, with the places, by cafeteria."""
    statement = (
        select_columns(PlannedVisit, Cafeteria, School)
        .join(Cafeteria, col(Cafeteria.id) == col(PlannedVisit.cafeteria))
        .join(School, col(School.code) == col(PlannedVisit.school))
        .where(col(PlannedVisit.assignee) == assignee, col(PlannedVisit.planned_on) == day)
        .order_by(col(PlannedVisit.cafeteria))
    )
    return [(planned, place, school) for planned, place, school in session.execute(statement)]
