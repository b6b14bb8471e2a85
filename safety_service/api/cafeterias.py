"""Cafeterias and their credit."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query, Response

from safety_service.api.deps import Now, PlanningDep, SessionDep, SettingsDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_cafeterias import (
    CafeteriaIn,
    CafeteriaOut,
    CreditOut,
    cafeteria_out,
    cafeterias_out,
)
from safety_service.api.schemas_inspections import inspection_detail, inspections_out
from safety_service.api.schemes import BookDep
from safety_service.domain.rights import Caller
from safety_service.domain.scoring.book import on_sign
from safety_service.services import attachments, cafeterias, credit
from safety_service.store import cafeterias as store
from safety_service.store import inspections
from safety_service.store.tables_cafeteria import Cafeteria

router = new_router("cafeterias")

HISTORY = 20

Reader = Annotated[Caller, Depends(require("inspections:read"))]
Writer = Annotated[Caller, Depends(require("registry:write"))]
CafeteriaId = Annotated[str, Path(max_length=80, examples=["370828-001-c1"])]


def cafeteria_or_404(cafeteria: CafeteriaId, session: SessionDep) -> Cafeteria:
    """The cafeteria named in the path; one of another school does not exist."""
    return store.get(session, cafeteria)


CafeteriaDep = Annotated[Cafeteria, Depends(cafeteria_or_404)]


def wanted(
    school: str | None = None,
    township: str | None = None,
    grade: Annotated[str | None, Query(description="A grade such as 优秀, or `none`")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the id or a name")] = None,
) -> store.CafeteriaFilter:
    return store.CafeteriaFilter(school=school, township=township, grade=grade, q=q)


@router.get("/cafeterias", responses=LIST_RESPONSES, response_model=ListOf[CafeteriaOut])
def list_cafeterias(
    _caller: Reader,
    session: SessionDep,
    settings: SettingsDep,
    book: BookDep,
    now: Now,
    wanted: Annotated[store.CafeteriaFilter, Depends(wanted)],
    paging: PagingDep,
) -> ListOf[CafeteriaOut] | Response:
    """By school; each with the grade of its last visit and its annual grade of today."""
    today = cafeterias.county_day(settings.timezone, now)
    return paging.answer(
        lambda after, limit: store.list_page(session, wanted, after, limit),
        lambda rows: cafeterias_out(rows, credit.credits_of(session, rows, book, today)),
        CafeteriaOut,
    )


@router.get("/cafeterias/{cafeteria}")
def read_cafeteria(
    _caller: Reader, session: SessionDep, settings: SettingsDep, book: BookDep, now: Now, row: CafeteriaDep
) -> CafeteriaOut:
    today = cafeterias.county_day(settings.timezone, now)
    return cafeteria_out(row, credit.credits_of(session, [row], book, today)[row.id])


@router.put("/cafeterias/{cafeteria}")
def put_cafeteria(
    _caller: Writer,
    session: SessionDep,
    settings: SettingsDep,
    book: BookDep,
    now: Now,
    intervals: PlanningDep,
    cafeteria: CafeteriaId,
    body: CafeteriaIn,
) -> CafeteriaOut:
    """Changes what is sent; an id `{school}-c2` that does not exist yet adds a second cafeteria."""
    changes = body.model_dump(exclude_unset=True)
    row = cafeterias.put(
        session, cafeteria, changes, now=now, timezone=settings.timezone, intervals=intervals
    )
    today = cafeterias.county_day(settings.timezone, now)
    return cafeteria_out(row, credit.credits_of(session, [row], book, today)[row.id])


@router.get("/cafeterias/{cafeteria}/credit")
def read_credit(
    _caller: Reader,
    session: SessionDep,
    settings: SettingsDep,
    book: BookDep,
    now: Now,
    row: CafeteriaDep,
    as_of: Annotated[date | None, Query(description="Day of the annual grade; today if not given")] = None,
) -> CreditOut:
    """The dynamic grade and the annual grade, each with the numbers that made it."""
    day = as_of or cafeterias.county_day(settings.timezone, now)
    found = credit.credits_of(session, [row], book, day)[row.id]
    annual = credit.annual_in_full(session, row, book, day)
    last = inspections.last_up_to(session, row.id, day, on_sign(book))
    files = attachments.of_inspections(session, row.id, [last] if last else [])
    return CreditOut(
        cafeteria=cafeteria_out(row, found),
        as_of=day,
        dynamic=inspection_detail(last, files) if last else None,
        annual=annual.as_json() if annual else None,
        history=inspections_out(inspections.list_page(session, row.id, None, HISTORY).rows),
    )
