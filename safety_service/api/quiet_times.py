"""Silences and maintenance windows: alerts go on, nobody is told of them."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from safety_service.api.deps import Now, SessionDep, SettingsDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.rights import Caller
from safety_service.services import quiet_times
from safety_service.store import quiet_times as store
from safety_service.store.tables_suppression import QuietTime

router = new_router("suppression")

Reader = Annotated[Caller, Depends(require("alerts:read"))]
Handler = Annotated[Caller, Depends(require("alerts:handle"))]
Number = Annotated[int, Path(ge=1, le=2**62)]
Standing = Annotated[bool, Query(description="Only those that are not over")]


class SilenceIn(BaseModel):
    """`match`: fields of an alert (rule, kind, school, device, zone, severity), each a text, a list of texts
    or `{"not": [...]}`; all must hold. `school` null: every school. `starts_at` null: now."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "school": "370828-001",
                "match": {"kind": "motion", "zone": "gate"},
                "starts_at": "2030-09-01T08:00:00+08:00",
                "ends_at": "2030-09-01T18:00:00+08:00",
                "comment": "门卫室施工",
            }
        },
    )

    match: dict[str, Any] = {}
    school: str | None = Field(default=None, max_length=64)
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime
    comment: str = Field(max_length=quiet_times.LONGEST_COMMENT)


class MaintenanceIn(SilenceIn):
    """`recurrence`: a rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=SA, on the wall clock of `timezone` (null:
    the county's). A window that comes back holds back nothing about life unless `match` names the kind."""

    recurrence: str | None = Field(default=None, max_length=300)
    timezone: str | None = Field(default=None, max_length=64)


class QuietTimeOut(BaseModel):
    """`active`: it holds alerts back at this moment. `ended_at`: somebody ended it before its time."""

    id: int
    school: str | None
    match: dict[str, Any]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    recurrence: str | None
    timezone: str
    comment: str
    created_at: AwareDatetime
    created_by: str
    ended_at: AwareDatetime | None
    ended_by: str | None
    active: bool


def _shapes(rows: Sequence[QuietTime], now: Now) -> list[QuietTimeOut]:
    return [_shape(row, now) for row in rows]


def _shape(row: QuietTime, now: Now) -> QuietTimeOut:
    active = row.ended_at is None and store.as_quiet(row).is_on(now)
    plain = {name: getattr(row, name) for name in QuietTimeOut.model_fields if name != "active"}
    return QuietTimeOut(active=active, **plain)


def _wanted(body: SilenceIn, kind: quiet_times.Kind, timezone: str) -> quiet_times.Wanted:
    given = body.model_dump()
    return quiet_times.Wanted(type=kind, **{**given, "timezone": given.get("timezone") or timezone})


@router.get("/silences", responses=LIST_RESPONSES, response_model=ListOf[QuietTimeOut])
def list_silences(
    _caller: Reader, session: SessionDep, paging: PagingDep, now: Now, standing: Standing = False
) -> ListOf[QuietTimeOut] | Response:
    """Newest first."""
    at = now if standing else None
    return paging.answer(
        lambda after, limit: store.list_page(session, "silence", at, after, limit),
        lambda rows: _shapes(rows, now),
        QuietTimeOut,
    )


@router.post("/silences", status_code=201)
def make_silence(
    caller: Handler, session: SessionDep, settings: SettingsDep, now: Now, body: SilenceIn
) -> QuietTimeOut:
    """From its start on nobody is told of the alerts that match; what still fires at its end is told then."""
    return _shape(quiet_times.make(session, _wanted(body, "silence", settings.timezone), caller, now), now)


@router.get("/silences/{number}")
def read_silence(_caller: Reader, session: SessionDep, now: Now, number: Number) -> QuietTimeOut:
    return _shape(store.get(session, "silence", number, "path.number"), now)


@router.delete("/silences/{number}")
def end_silence(caller: Handler, session: SessionDep, now: Now, number: Number) -> QuietTimeOut:
    """Ends it at once; the record of it stays."""
    return _shape(quiet_times.end(session, "silence", number, caller, now), now)


@router.get("/maintenance-windows", responses=LIST_RESPONSES, response_model=ListOf[QuietTimeOut])
def list_maintenance(
    _caller: Reader, session: SessionDep, paging: PagingDep, now: Now, standing: Standing = False
) -> ListOf[QuietTimeOut] | Response:
    """Newest first."""
    at = now if standing else None
    return paging.answer(
        lambda after, limit: store.list_page(session, "maintenance", at, after, limit),
        lambda rows: _shapes(rows, now),
        QuietTimeOut,
    )


@router.post("/maintenance-windows", status_code=201)
def make_maintenance(
    caller: Handler, session: SessionDep, settings: SettingsDep, now: Now, body: MaintenanceIn
) -> QuietTimeOut:
    """Once or, with a `recurrence`, again and again until somebody ends it."""
    wanted = _wanted(body, "maintenance", settings.timezone)
    return _shape(quiet_times.make(session, wanted, caller, now), now)


@router.get("/maintenance-windows/{number}")
def read_maintenance(_caller: Reader, session: SessionDep, now: Now, number: Number) -> QuietTimeOut:
    return _shape(store.get(session, "maintenance", number, "path.number"), now)


@router.delete("/maintenance-windows/{number}")
def end_maintenance(caller: Handler, session: SessionDep, now: Now, number: Number) -> QuietTimeOut:
    """Ends it for good; the record of it stays."""
    return _shape(quiet_times.end(session, "maintenance", number, caller, now), now)
