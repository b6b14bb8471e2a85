"""Duties: what is owed when, what of it is open, done or missed, and the records of what was done."""

from typing import Annotated, Literal

from fastapi import Depends, Path, Query, Response
from pydantic import AwareDatetime

from safety_service.api.deps import Now, RowId, SessionDep, SettingsDep, Wake, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_duties import (
    DutyIn,
    DutyOut,
    DutyRecordIn,
    DutyRecordOut,
    Found,
    OccurrenceOut,
    duty_out,
    occurrences_out,
    record_out,
    records_out,
)
from safety_service.domain.rights import Caller
from safety_service.services import duties, duty_records
from safety_service.services.rulesets import known_calendars
from safety_service.store import duties as store
from safety_service.store.session import after_commit

router = new_router("duties")

Reader = Annotated[Caller, Depends(require("duties:read"))]
Recorder = Annotated[Caller, Depends(require("duties:record"))]
Writer = Annotated[Caller, Depends(require("rules:write", county=True))]
DutyId = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,63}$", examples=["food-sample"])]
State = Literal["open", "done", "missed", "cancelled"]


def wanted_occurrences(
    school: str | None = None,
    duty: str | None = None,
    state: State | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="Due at or after it")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Due before it")] = None,
) -> store.OccurrenceFilter:
    return store.OccurrenceFilter(school=school, duty=duty, state=state, since=since, until=until)


def wanted_records(
    school: str | None = None,
    duty: str | None = None,
    found: Found | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="Done at or after it")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Done before it")] = None,
) -> store.RecordFilter:
    return store.RecordFilter(school=school, duty=duty, found=found, since=since, until=until)


@router.get("/duties")
def list_duties(_caller: Reader, session: SessionDep) -> list[DutyOut]:
    """The built-in ones and the county's own, by id."""
    calendars, changed = list(known_calendars(session)), {row.id for row in store.every_changed(session)}
    return [
        duty_out(duty, name not in changed, calendars) for name, duty in sorted(duties.known(session).items())
    ]


# Before the duties by id, which stand in the same place as this name.
@router.get("/duties/due", responses=LIST_RESPONSES, response_model=ListOf[OccurrenceOut])
def list_due(
    _caller: Reader,
    session: SessionDep,
    now: Now,
    wanted: Annotated[store.OccurrenceFilter, Depends(wanted_occurrences)],
    paging: PagingDep,
) -> ListOf[OccurrenceOut] | Response:
    """By due time, from some days ahead back to the first; `state=open` is what is still to be done."""
    known = duties.known(session)
    return paging.answer(
        lambda after, limit: store.list_occurrences(session, wanted, after, limit),
        lambda rows: occurrences_out(rows, known, now),
        OccurrenceOut,
    )


@router.get("/duties/{duty}")
def read_duty(_caller: Reader, session: SessionDep, duty: DutyId) -> DutyOut:
    built_in = store.find_changed(session, duty) is None
    return duty_out(duties.get(session, duty), built_in, list(known_calendars(session)))


@router.put("/duties/{duty}")
def put_duty(
    caller: Writer,
    session: SessionDep,
    settings: SettingsDep,
    now: Now,
    wake: Wake,
    duty: DutyId,
    body: DutyIn,
) -> DutyOut:
    """Makes one, or changes it: what is not due yet is owed as it says now, or not at all."""
    after_commit(session, wake)
    definition = body.model_dump(exclude_unset=True)
    made = duties.put(session, duty, definition, by=caller.name, now=now, timezone=settings.timezone)
    return duty_out(made, False, list(known_calendars(session)))


@router.delete("/duties/{duty}", status_code=204)
def delete_duty(
    _caller: Writer, session: SessionDep, settings: SettingsDep, now: Now, wake: Wake, duty: DutyId
) -> None:
    """A built-in one that was changed is itself again; records stay."""
    after_commit(session, wake)
    duties.delete(session, duty, now=now, timezone=settings.timezone)


@router.post("/duty-records", status_code=201)
def add_record(
    caller: Recorder, session: SessionDep, now: Now, wake: Wake, body: DutyRecordIn
) -> DutyRecordOut:
    """Keeps what was done for good and closes what it was owed by; evidence beyond a limit is an alert."""
    sent = duty_records.Sent(**{**body.model_dump(), "done_at": body.done_at or now})
    return record_out(duty_records.record(session, sent, by=caller.name, now=now, wake=wake))


@router.get("/duty-records", responses=LIST_RESPONSES, response_model=ListOf[DutyRecordOut])
def list_records(
    _caller: Reader,
    session: SessionDep,
    wanted: Annotated[store.RecordFilter, Depends(wanted_records)],
    paging: PagingDep,
) -> ListOf[DutyRecordOut] | Response:
    """Newest first."""
    return paging.answer(
        lambda after, limit: store.list_records(session, wanted, after, limit), records_out, DutyRecordOut
    )


@router.get("/duty-records/{record}")
def read_record(_caller: Reader, session: SessionDep, record: RowId) -> DutyRecordOut:
    return record_out(store.get_record(session, record))
