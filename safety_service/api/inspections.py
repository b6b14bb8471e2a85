"""Inspections: submitted once, kept for good, read with their reckoning."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from fastapi import Body, Depends, Header, Query, Response
from sqlmodel import Session

from safety_service.api.cafeterias import CafeteriaDep, Reader
from safety_service.api.deps import EngineDep, Now, PlanningDep, RowId, SessionDep, SettingsDep, Wake, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.rectifications import DeadlinesDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_inspections import (
    ChainHead,
    FormOut,
    InspectionDetail,
    InspectionOut,
    form_out,
    inspection_detail,
    inspections_out,
)
from safety_service.api.schemes import BookDep
from safety_service.domain.inspections import RefusedInspection
from safety_service.domain.rights import Caller
from safety_service.services import attachments, cafeterias, inspection_drafts, inspection_form, inspections
from safety_service.store import inspection_chain
from safety_service.store import inspections as store
from safety_service.store.tables_cafeteria import Inspection

router = new_router("inspections")

Inspector = Annotated[Caller, Depends(require("inspections:submit"))]
CountyReader = Annotated[Caller, Depends(require("inspections:read", county=True))]


def keep_what_is_refused(engine: EngineDep) -> Iterator[None]:
    """Keeps a refused inspection as a draft, once the request's own transaction is rolled back."""
    try:
        yield
    except RefusedInspection as refused:
        inspection_drafts.keep_apart(engine, refused)
        raise


# Of the route, so that it is entered before the session and left after it.
KEEPS_DRAFTS = Depends(keep_what_is_refused, scope="function")

_BY_ITEMS = {
    "scheme": "cn.dynamic_2012",
    "date": "2026-09-01",
    "inspector": "李敏",
    "inspectors": ["李敏", "赵刚"],
    "place": {"latitude": 35.0662, "longitude": 116.3117, "accuracy_m": 12},
    "started_at": "2026-09-01T08:05:00+08:00",
    "finished_at": "2026-09-01T08:52:00+08:00",
    "items": [
        {"code": "1.1", "result": "pass"},
        {"code": "2.1", "result": "fail", "note": "许可证未悬挂", "owner": "王强", "due": "2026-09-15"},
        {"code": "7.5", "result": "absent"},
    ],
    "attachments": [
        {"sha256": "9f" * 32, "media_type": "image/jpeg", "size": 183204, "role": "photo", "item": "2.1"}
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


@router.get("/inspections/chain-head")
def read_chain_head(_caller: CountyReader, session: SessionDep) -> ChainHead:
    """The end of the chain over every inspection record; kept outside, `db check --head` verifies it."""
    return ChainHead(**msgspec.structs.asdict(inspection_chain.head(session)))


@router.post("/cafeterias/{cafeteria}/inspections", status_code=201, dependencies=[KEEPS_DRAFTS])
def submit_inspection(
    caller: Inspector,
    session: SessionDep,
    settings: SettingsDep,
    book: BookDep,
    now: Now,
    wake: Wake,
    place: CafeteriaDep,
    deadlines: DeadlinesDep,
    intervals: PlanningDep,
    body: Annotated[dict[str, Any], Body(openapi_examples=_EXAMPLES)],
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> InspectionDetail:
    """Scores and stores a visit for good, and tells the rules; the answer holds the whole reckoning.

    Sent again under the same Idempotency-Key or the same `id` in the body, it gives the first result. With
    `corrects` it is a revision of an earlier inspection, whose place it takes. Refused with an `id`, it is
    kept as a draft.
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
        deadlines=deadlines,
        intervals=intervals,
    )
    inspections.tell(session, submitted, now=now, wake=wake)
    return _detail(session, submitted.inspection)


@router.get(
    "/cafeterias/{cafeteria}/inspections", responses=LIST_RESPONSES, response_model=ListOf[InspectionOut]
)
def list_inspections(
    _caller: Reader, session: SessionDep, place: CafeteriaDep, paging: PagingDep
) -> ListOf[InspectionOut] | Response:
    """The last visit first, each in its newest revision."""
    return paging.answer(
        lambda after, limit: store.list_page(session, place.id, after, limit), inspections_out, InspectionOut
    )


@router.get("/cafeterias/{cafeteria}/inspections/{inspection}")
def read_inspection(
    _caller: Reader, session: SessionDep, place: CafeteriaDep, inspection: RowId
) -> InspectionDetail:
    """One visit with its reckoning as it was stored; a revision that was corrected can still be read."""
    return _detail(session, store.get(session, place.id, inspection))


@router.get("/cafeterias/{cafeteria}/inspections/{inspection}/revisions")
def list_revisions(
    _caller: Reader, session: SessionDep, place: CafeteriaDep, inspection: RowId
) -> ListOf[InspectionOut]:
    """Every revision of the visit that this inspection is one of, the newest first."""
    visit = store.get(session, place.id, inspection).visit
    return ListOf[InspectionOut](items=inspections_out(store.revisions(session, place.id, visit)))


@router.get("/cafeterias/{cafeteria}/form")
def read_form(
    _caller: Reader,
    session: SessionDep,
    settings: SettingsDep,
    book: BookDep,
    now: Now,
    place: CafeteriaDep,
    scheme: Annotated[
        str | None, Query(max_length=80, description="That of the last visit if not given")
    ] = None,
) -> FormOut:
    """The checklist to fill in, and beside each item the last answer and what is still owed."""
    today = cafeterias.local_day(session, place.school, settings.timezone, now)
    return form_out(place.id, inspection_form.form_of(session, place, scheme, book, today))


def _detail(session: Session, row: Inspection) -> InspectionDetail:
    files = attachments.of_inspections(session, row.cafeteria, [row])
    return inspection_detail(row, files, store.corrected_by(session, row.id))
