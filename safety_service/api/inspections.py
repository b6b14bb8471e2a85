"""Inspections: submitted once, kept for good, read with their reckoning."""

from typing import Annotated, Any
from uuid import uuid4

from fastapi import Body, Depends, Header, Response

from safety_service.api.cafeterias import CafeteriaDep, Reader
from safety_service.api.deps import Now, RowId, SessionDep, SettingsDep, Wake, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_cafeterias import (
    InspectionDetail,
    InspectionOut,
    inspection_detail,
    inspections_out,
)
from safety_service.api.schemes import BookDep
from safety_service.domain.rights import Caller
from safety_service.services import inspections
from safety_service.store import inspections as store

router = new_router("inspections")

Inspector = Annotated[Caller, Depends(require("inspections:submit"))]

_BY_ITEMS = {
    "scheme": "cn.dynamic_2012",
    "date": "2026-09-01",
    "inspector": "李敏",
    "items": [
        {"code": "1.1", "result": "pass"},
        {"code": "2.1", "result": "fail", "note": "许可证未悬挂"},
        {"code": "7.5", "result": "absent"},
    ],
    "note": "every other item of the checklist is answered as well",
}
_BY_SECTIONS = {
    "date": "2026-09-01",
    "licence_issued": "2023-01-05",
    "sections": [10, 9, 9, 8.5, 9, 10, 9, 8, None],
    "key_items_failed": 0,
}
_EXAMPLES: Any = {
    "checklist": {"summary": "The answers of the checklist", "value": _BY_ITEMS},
    "sections": {"summary": "Section scores; null is reasonably absent", "value": _BY_SECTIONS},
}


@router.post("/cafeterias/{cafeteria}/inspections", status_code=201)
def submit_inspection(
    caller: Inspector,
    session: SessionDep,
    settings: SettingsDep,
    book: BookDep,
    now: Now,
    wake: Wake,
    place: CafeteriaDep,
    body: Annotated[dict[str, Any], Body(openapi_examples=_EXAMPLES)],
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> InspectionDetail:
    """Scores and stores a visit for good, and tells the rules; the answer holds the whole reckoning.

    Sent again under the same Idempotency-Key or the same `id` in the body, it gives the first result.
    """
    key = f"rest:{caller.name}:{idempotency_key}" if idempotency_key else f"rest:{uuid4()}"
    submitted = inspections.submit(
        session,
        school=place.school,
        cafeteria=place.id,
        body=body,
        submitted_by=caller.name,
        source_key=key,
        now=now,
        book=book,
        timezone=settings.timezone,
    )
    inspections.tell(session, submitted, now=now, wake=wake)
    return inspection_detail(submitted.inspection)


@router.get(
    "/cafeterias/{cafeteria}/inspections", responses=LIST_RESPONSES, response_model=ListOf[InspectionOut]
)
def list_inspections(
    _caller: Reader, session: SessionDep, place: CafeteriaDep, paging: PagingDep
) -> ListOf[InspectionOut] | Response:
    """The last visit first."""
    return paging.answer(
        lambda after, limit: store.list_page(session, place.id, after, limit), inspections_out, InspectionOut
    )


@router.get("/cafeterias/{cafeteria}/inspections/{inspection}")
def read_inspection(
    _caller: Reader, session: SessionDep, place: CafeteriaDep, inspection: RowId
) -> InspectionDetail:
    """One visit with its reckoning as it was stored."""
    return inspection_detail(store.get(session, place.id, inspection))
