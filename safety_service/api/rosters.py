"""Duty rosters: who is on duty, when it passes on, and who stands in."""

from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime
from sqlmodel import Session

from safety_service.api.deps import Now, RowId, SessionDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_rosters import (
    OnDutyOut,
    OverrideIn,
    OverrideOut,
    RosterDetail,
    RosterId,
    RosterIn,
    RosterOut,
    WarningOut,
    on_duty_out,
    override_out,
)
from safety_service.domain.rights import Caller
from safety_service.services import rosters
from safety_service.store import rosters as store
from safety_service.store.tables_escalation import StoredRoster

router = new_router("rosters")

Reader = Annotated[Caller, Depends(require("rules:read"))]
Writer = Annotated[Caller, Depends(require("rules:write", county=True))]


def roster_out(session: Session, row: StoredRoster) -> RosterOut:
    plain = {name: getattr(row, name) for name in RosterOut.model_fields if name != "schools"}
    return RosterOut(schools=store.shown_schools(session, row), **plain)


def roster_detail(session: Session, row: StoredRoster, now: Now) -> RosterDetail:
    warnings = [
        WarningOut(kind=one.kind, start=one.start, end=one.end, reason=reason)
        for one, reason in rosters.remarks(session, row, now)
    ]
    overrides = [override_out(one) for one in store.overrides_of(session, row.id, now)]
    plain = roster_out(session, row).model_dump()
    return RosterDetail(**plain, overrides=overrides, warnings=warnings)


@router.get("/rosters", responses=LIST_RESPONSES, response_model=ListOf[RosterOut])
def list_rosters(_caller: Reader, session: SessionDep, paging: PagingDep) -> ListOf[RosterOut] | Response:
    """By id: those for every school and those for the caller's own."""
    return paging.answer(
        lambda after, limit: store.list_page(session, after, limit),
        lambda rows: [roster_out(session, row) for row in rows],
        RosterOut,
    )


@router.get("/rosters/{roster_id}")
def read_roster(_caller: Reader, session: SessionDep, now: Now, roster_id: RosterId) -> RosterDetail:
    """With the overrides that are not over, and a word about holes and overlaps ahead."""
    return roster_detail(session, store.get(session, roster_id), now)


@router.put("/rosters/{roster_id}")
def put_roster(
    _caller: Writer, session: SessionDep, now: Now, roster_id: RosterId, body: RosterIn
) -> RosterDetail:
    """Makes or replaces a roster. One with a hole is saved, and `warnings` says from when to when."""
    fields = body.model_dump(exclude={"schools"})
    wanted = rosters.RosterSettings(schools=tuple(body.schools), **fields)
    return roster_detail(session, rosters.put(session, roster_id, wanted, now=now), now)


@router.delete("/rosters/{roster_id}", status_code=204)
def delete_roster(_caller: Writer, session: SessionDep, now: Now, roster_id: RosterId) -> None:
    """Removes it with its overrides; refused while an escalation asks it."""
    rosters.delete(session, roster_id, now=now)


@router.get("/rosters/{roster_id}/on-duty")
def read_on_duty(
    _caller: Reader,
    session: SessionDep,
    now: Now,
    roster_id: RosterId,
    at: Annotated[AwareDatetime | None, Query(description="Now if not given")] = None,
) -> OnDutyOut:
    return on_duty_out(rosters.on_duty(session, store.get(session, roster_id), at or now))


@router.post("/rosters/{roster_id}/overrides", status_code=201)
def add_override(
    _caller: Writer, session: SessionDep, now: Now, roster_id: RosterId, body: OverrideIn
) -> OverrideOut:
    """Somebody else is on duty from `from` up to and not including `to`."""
    row = rosters.add_override(session, roster_id, body.start, body.end, body.member, now=now)
    return override_out(row)


@router.delete("/rosters/{roster_id}/overrides/{override_id}", status_code=204)
def remove_override(
    _caller: Writer, session: SessionDep, now: Now, roster_id: RosterId, override_id: RowId
) -> None:
    rosters.remove_override(session, roster_id, override_id, now=now)
