"""Penalties of cafeterias, and the end of their publication."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Depends, Query, Response

from safety_service.api.cafeterias import CafeteriaDep
from safety_service.api.deps import Now, RowId, SessionDep, SettingsDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_credit import (
    PenaltyIn,
    PenaltyOut,
    PublishIn,
    RepairDecisionIn,
    RepairIn,
    RepairOut,
    penalty_out,
    repair_out,
)
from safety_service.domain.credit_repair import CreditRepair
from safety_service.domain.rights import Caller
from safety_service.services import penalties
from safety_service.services.penalties import PenaltyRecord
from safety_service.services.periods import known_credit_repair
from safety_service.store import penalties as store
from safety_service.store.tables_credit import Penalty

router = new_router("penalties")

Reader = Annotated[Caller, Depends(require("inspections:read"))]
Contester = Annotated[Caller, Depends(require("credit:contest"))]
Decider = Annotated[Caller, Depends(require("credit:decide", county=True))]


class Desk:
    """The penalties of the caller's schools under the county's rules, at the time of the request."""

    def __init__(self, session: SessionDep, settings: SettingsDep, now: Now) -> None:
        self.session, self.now, self.timezone = session, now, settings.timezone
        self.rules: CreditRepair = known_credit_repair(settings.credit_repair_file)

    def show(self, rows: Sequence[Penalty]) -> list[PenaltyOut]:
        shown = penalties.show(self.session, rows, self.rules, now=self.now, timezone=self.timezone)
        return [penalty_out(one) for one in shown]


DeskDep = Annotated[Desk, Depends()]


@router.get("/penalties", responses=LIST_RESPONSES, response_model=ListOf[PenaltyOut])
def list_penalties(
    _caller: Reader,
    desk: DeskDep,
    paging: PagingDep,
    school: str | None = None,
    cafeteria: str | None = None,
    kind: str | None = None,
    repair: Annotated[
        Literal["pending", "granted", "refused"] | None, Query(description="With such an application")
    ] = None,
) -> ListOf[PenaltyOut] | Response:
    """Newest first; all that the filters let through."""
    wanted = store.PenaltyFilter(school=school, cafeteria=cafeteria, kind=kind, repair=repair)
    return paging.answer(
        lambda after, limit: store.list_page(desk.session, wanted, after, limit), desk.show, PenaltyOut
    )


@router.post("/penalties", status_code=201)
def record_penalty(caller: Decider, desk: DeskDep, body: PenaltyIn) -> PenaltyOut:
    """Records one; one heavier than a warning counts for the grade from its day on."""
    given = body.model_dump()
    sent = PenaltyRecord(decided_on=given.pop("date"), **given)
    row = penalties.record(desk.session, sent, caller.name, desk.rules, now=desk.now, timezone=desk.timezone)
    return desk.show([row])[0]


@router.get("/penalties/{number}")
def read_penalty(_caller: Reader, desk: DeskDep, number: RowId) -> PenaltyOut:
    """One with its conditions and the applications so far."""
    return desk.show([store.get(desk.session, number)])[0]


@router.get("/cafeterias/{cafeteria}/penalties", responses=LIST_RESPONSES, response_model=ListOf[PenaltyOut])
def list_penalties_of(
    _caller: Reader, desk: DeskDep, place: CafeteriaDep, paging: PagingDep
) -> ListOf[PenaltyOut] | Response:
    """Those of one cafeteria, newest first."""
    wanted = store.PenaltyFilter(cafeteria=place.id)
    return paging.answer(
        lambda after, limit: store.list_page(desk.session, wanted, after, limit), desk.show, PenaltyOut
    )


@router.post("/penalties/{number}/publish")
def publish_penalty(_caller: Decider, desk: DeskDep, number: RowId, body: PublishIn) -> PenaltyOut:
    """Says from which day it is published; the months until a repair begin there."""
    row = penalties.publish(desk.session, number, body.published_on, now=desk.now, timezone=desk.timezone)
    return desk.show([row])[0]


@router.post("/penalties/{number}/repair", status_code=201)
def apply_for_repair(caller: Contester, desk: DeskDep, number: RowId, body: RepairIn) -> RepairOut:
    """Applies for the end of the publication, from `repairable_on` on."""
    repair = penalties.apply(
        desk.session,
        number,
        **body.model_dump(),
        by=caller.name,
        rules=desk.rules,
        now=desk.now,
        timezone=desk.timezone,
    )
    return repair_out(repair)


@router.post("/penalties/{number}/repair/decide")
def decide_repair(caller: Decider, desk: DeskDep, number: RowId, body: RepairDecisionIn) -> RepairOut:
    """Decides the pending application."""
    repair = penalties.decide(
        desk.session,
        number,
        body.decision,
        body.answer,
        caller,
        desk.rules,
        now=desk.now,
        timezone=desk.timezone,
    )
    return repair_out(repair)
