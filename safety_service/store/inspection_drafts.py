"""Drafts: refused submissions by cafeteria and by the id their sender gave them."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, delete, select

from safety_service.domain.errors import NotFound
from safety_service.store.dialect import insert
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables_inspection import InspectionDraft


def put(session: Session, row: dict[str, Any]) -> None:
    """Keeps the draft, in place of an earlier one with its id."""
    statement = insert(session, InspectionDraft).values(row)
    changed = {name: statement.excluded[name] for name in row if name not in ("cafeteria", "id", "school")}
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["cafeteria", "id"], set_=changed)
    )


def keep_newest(session: Session, cafeteria: str, most: int) -> None:
    """Removes the oldest drafts of a cafeteria beyond so many."""
    old: Sequence[str] = session.exec(
        select(InspectionDraft.id)
        .where(InspectionDraft.cafeteria == cafeteria)
        .order_by(col(InspectionDraft.submitted_at).desc(), col(InspectionDraft.id))
        .offset(most)
    ).all()
    for draft in old:
        remove(session, cafeteria, draft)


def remove(session: Session, cafeteria: str, draft: str) -> bool:
    """Whether there was one."""
    statement = delete(InspectionDraft).where(
        col(InspectionDraft.cafeteria) == cafeteria, col(InspectionDraft.id) == draft
    )
    return session.connection().execute(statement).rowcount > 0


def get(session: Session, cafeteria: str, draft: str) -> InspectionDraft:
    statement = select(InspectionDraft).where(
        InspectionDraft.cafeteria == cafeteria, InspectionDraft.id == draft
    )
    found = session.exec(statement).one_or_none()
    if found is None:
        raise NotFound(f"cafeteria {cafeteria} has no draft {draft}")
    return found


def list_page(session: Session, cafeteria: str, after: Key | None, limit: int) -> Page[InspectionDraft]:
    """The newest first."""
    statement = select(InspectionDraft).where(InspectionDraft.cafeteria == cafeteria)
    order = [InspectionDraft.submitted_at, InspectionDraft.id]
    return page(session, statement, order, after=after, limit=limit, descending=True)
