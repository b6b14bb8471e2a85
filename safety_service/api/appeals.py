"""Appeals: a school contests an inspection, the bureau decides."""

from typing import Annotated

from fastapi import Depends, Query, Response

from safety_service.api.deps import Now, RowId, SessionDep, SettingsDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.rectifications import DeadlinesDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_credit import (
    AppealIn,
    AppealOut,
    DecisionIn,
    WithdrawIn,
    appeal_out,
    appeals_out,
)
from safety_service.domain.appeals import Status
from safety_service.domain.rights import Caller
from safety_service.services import appeals
from safety_service.store import appeals as store

router = new_router("appeals")

Reader = Annotated[Caller, Depends(require("inspections:read"))]
Contester = Annotated[Caller, Depends(require("credit:contest"))]
Decider = Annotated[Caller, Depends(require("credit:decide", county=True))]


def wanted(
    now: Now,
    school: str | None = None,
    cafeteria: str | None = None,
    inspection: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    status: Annotated[list[Status] | None, Query(description="Any of")] = None,
    overdue: Annotated[bool | None, Query(description="Pending beyond the day of the decision")] = None,
) -> store.AppealFilter:
    return store.AppealFilter(
        now=now,
        school=school,
        cafeteria=cafeteria,
        inspection=inspection,
        status=tuple(status or ()),
        overdue=overdue,
    )


@router.get("/appeals", responses=LIST_RESPONSES, response_model=ListOf[AppealOut])
def list_appeals(
    _caller: Reader,
    session: SessionDep,
    now: Now,
    wanted: Annotated[store.AppealFilter, Depends(wanted)],
    paging: PagingDep,
) -> ListOf[AppealOut] | Response:
    """Newest first; all that the filters let through."""
    return paging.answer(
        lambda after, limit: store.list_page(session, wanted, after, limit),
        lambda rows: appeals_out(rows, now),
        AppealOut,
    )


@router.post("/appeals", status_code=201)
def file_appeal(
    caller: Contester,
    session: SessionDep,
    settings: SettingsDep,
    deadlines: DeadlinesDep,
    now: Now,
    body: AppealIn,
) -> AppealOut:
    """Contests an inspection or some of its failed items, within the county's period after it was given."""
    filing = appeals.Filing(**body.model_dump())
    row = appeals.file(session, filing, caller, now=now, timezone=settings.timezone, deadlines=deadlines)
    return appeal_out(row, now)


@router.get("/appeals/{number}")
def read_appeal(_caller: Reader, session: SessionDep, now: Now, number: RowId) -> AppealOut:
    return appeal_out(store.get(session, number), now)


@router.post("/appeals/{number}/decide")
def decide(caller: Decider, session: SessionDep, now: Now, number: RowId, body: DecisionIn) -> AppealOut:
    """The bureau decides, by somebody who neither inspected nor filed it."""
    row = appeals.decide(session, number, body.decision, body.answer, body.revision, caller, now)
    return appeal_out(row, now)


@router.post("/appeals/{number}/withdraw")
def withdraw(
    caller: Contester, session: SessionDep, now: Now, number: RowId, body: WithdrawIn | None = None
) -> AppealOut:
    """Takes a pending one back; within the period it may be filed again."""
    return appeal_out(appeals.withdraw(session, number, body.reason if body else None, caller, now), now)
