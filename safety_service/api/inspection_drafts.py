"""Drafts: refused inspections with their reasons, for whoever may send them again."""

from typing import Annotated

from fastapi import Path, Response

from safety_service.api.cafeterias import CafeteriaDep
from safety_service.api.deps import Now, SessionDep
from safety_service.api.inspections import Inspector
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_inspections import DraftOut, draft_out, drafts_out
from safety_service.services import inspection_drafts
from safety_service.store import inspection_drafts as store

router = new_router("inspections")

DraftId = Annotated[str, Path(max_length=200, description="The `id` in the refused body")]


@router.get("/cafeterias/{cafeteria}/drafts", responses=LIST_RESPONSES, response_model=ListOf[DraftOut])
def list_drafts(
    _caller: Inspector, session: SessionDep, place: CafeteriaDep, paging: PagingDep
) -> ListOf[DraftOut] | Response:
    """The newest first."""
    return paging.answer(
        lambda after, limit: store.list_page(session, place.id, after, limit), drafts_out, DraftOut
    )


@router.get("/cafeterias/{cafeteria}/drafts/{draft_id}")
def read_draft(_caller: Inspector, session: SessionDep, place: CafeteriaDep, draft_id: DraftId) -> DraftOut:
    """The body as it was sent, and every reason why it was refused."""
    return draft_out(store.get(session, place.id, draft_id))


@router.delete("/cafeterias/{cafeteria}/drafts/{draft_id}", status_code=204)
def discard_draft(
    _caller: Inspector, session: SessionDep, place: CafeteriaDep, now: Now, draft_id: DraftId
) -> None:
    """Not needed any more."""
    inspection_drafts.discard(session, place.id, draft_id, school=place.school, now=now)
