"""Cafeterias: found, listed, locked, and told what their last visit gave."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from safety_service.domain.errors import NotFound
from safety_service.store.dialect import insert
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables import School
from safety_service.store.tables_cafeteria import Cafeteria, Inspection

NO_GRADE = "none"
"""The filter for cafeterias that have been visited or not and hold no grade."""


class CafeteriaFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`grade` is a grade's own name or `none`; `q` is part of the id or a name."""

    school: str | None = None
    township: str | None = None
    grade: str | None = None
    q: str | None = None


def get(session: Session, cafeteria: str) -> Cafeteria:
    """The cafeteria, or NotFound: also when its school is not one of the session's."""
    found = find(session, cafeteria)
    if found is None:
        raise NotFound(f"there is no cafeteria {cafeteria}")
    return found


def find(session: Session, cafeteria: str) -> Cafeteria | None:
    return session.exec(select(Cafeteria).where(Cafeteria.id == cafeteria)).one_or_none()


def lock(session: Session, school: str, cafeteria: str | None) -> Cafeteria | None:
    """`only`, held until the transaction ends so that its visits are graded in turn."""
    # Not against those who only name the cafeteria in a row of theirs, such as a file or a draft.
    statement = _of_school(school, cafeteria).with_for_update(key_share=True)
    return _single(session, statement)


def only(session: Session, school: str, cafeteria: str | None) -> Cafeteria | None:
    """The cafeteria of the school. Without an id: its only one, None where there are several or none."""
    return _single(session, _of_school(school, cafeteria))


def _of_school(school: str, cafeteria: str | None) -> SelectOfScalar[Cafeteria]:
    statement = select(Cafeteria).where(Cafeteria.school == school)
    if cafeteria is not None:
        statement = statement.where(Cafeteria.id == cafeteria)
    return statement.order_by(col(Cafeteria.id)).limit(2)


def _single(session: Session, statement: SelectOfScalar[Cafeteria]) -> Cafeteria | None:
    found = session.exec(statement.execution_options(populate_existing=True)).all()
    return found[0] if len(found) == 1 else None


def add_missing(session: Session, cafeterias: Iterable[Cafeteria]) -> int:
    """Adds those whose id is not taken and returns how many were new."""
    fields = ("id", "school", "name_zh", "name_en")
    added = 0
    for cafeteria in cafeterias:
        row = {field: getattr(cafeteria, field) for field in fields}
        statement = insert(session, Cafeteria).values(row).on_conflict_do_nothing(index_elements=["id"])
        added += session.connection().execute(statement.returning(Cafeteria.id)).first() is not None
    return added


def show_last_visit(session: Session, cafeteria: Cafeteria, visit: Inspection | None) -> None:
    """Repeats on the cafeteria what its last visit gave; nothing where it has none."""
    cafeteria.inspection = visit.id if visit is not None else None
    for field in ("visited_on", "scheme", "score", "grade", "icon", "reason"):
        setattr(cafeteria, field, getattr(visit, field, None))
    session.add(cafeteria)
    session.flush()


def list_page(session: Session, wanted: CafeteriaFilter, after: Key | None, limit: int) -> Page[Cafeteria]:
    """By school, then by id."""
    statement = select(Cafeteria)
    if wanted.school is not None:
        statement = statement.where(Cafeteria.school == wanted.school)
    if wanted.township is not None:
        schools = select(School.code).where(School.township == wanted.township)
        statement = statement.where(col(Cafeteria.school).in_(schools))
    if wanted.grade is not None:
        grade = col(Cafeteria.grade)
        statement = statement.where(grade.is_(None) if wanted.grade == NO_GRADE else grade == wanted.grade)
    if wanted.q:
        named = (Cafeteria.id, Cafeteria.name_zh, Cafeteria.name_en)
        statement = statement.where(
            or_(*(col(column).icontains(wanted.q, autoescape=True) for column in named))
        )
    return page(session, statement, [Cafeteria.school, Cafeteria.id], after=after, limit=limit)
