"""Calendars that rules name: terms, holidays, exams, nights."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlmodel import Session

from safety_service.api.deps import Now, SessionDep, SettingsDep, Wake, require
from safety_service.api.routing import new_router
from safety_service.domain.calendars import BUILT_IN_DEFINITIONS, is_active, next_change
from safety_service.domain.errors import NotFound
from safety_service.domain.rights import Caller
from safety_service.services import calendars, rulesets
from safety_service.store import calendars as store
from safety_service.store.session import after_commit

router = new_router("rules")

Reader = Annotated[Caller, Depends(require("rules:read"))]
Writer = Annotated[Caller, Depends(require("rules:write", county=True))]


def get_zone(settings: SettingsDep) -> ZoneInfo:
    return ZoneInfo(settings.timezone)


CountyZone = Annotated[ZoneInfo, Depends(get_zone)]
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]


class CalendarIn(BaseModel):
    """`windows` such as 08:00-17:00, `weekdays` out of mon ... sun, `from` and `until` as dates, `also` and
    `except` as lists of dates or of spans such as 2026-10-01/2026-10-08."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "windows": ["08:00-17:00"],
                "weekdays": ["mon", "tue", "wed", "thu", "fri"],
                "from": "2026-09-01",
                "until": "2027-01-20",
                "except": ["2026-10-01/2026-10-08"],
                "also": ["2026-10-10"],
            }
        },
    )


class CalendarOut(BaseModel):
    """`active` and `next_change` are by the county's clock; schools elsewhere go by their own."""

    name: str
    definition: dict[str, Any]
    built_in: bool = Field(description="Ships with the service and was not replaced")
    active: bool
    next_change: AwareDatetime | None


def _shown(session: Session, now: datetime, zone: ZoneInfo) -> list[CalendarOut]:
    stored = {row.name: row.definition for row in store.every(session)}
    known = rulesets.known_calendars(session)
    return [
        CalendarOut(
            name=name,
            definition=stored.get(name) or BUILT_IN_DEFINITIONS[name],
            built_in=name not in stored,
            active=is_active(calendar, now, zone),
            next_change=next_change(calendar, now, zone),
        )
        for name, calendar in sorted(known.items())
    ]


def _one(session: Session, name: str, now: datetime, zone: ZoneInfo) -> CalendarOut:
    for shown in _shown(session, now, zone):
        if shown.name == name:
            return shown
    raise NotFound(f"there is no calendar {name!r}", place="path.name")


@router.get("/calendars")
def list_calendars(_caller: Reader, session: SessionDep, now: Now, zone: CountyZone) -> list[CalendarOut]:
    """The built-in ones and the county's own, by name."""
    return _shown(session, now, zone)


@router.get("/calendars/{name}")
def read_calendar(
    _caller: Reader, session: SessionDep, now: Now, zone: CountyZone, name: Name
) -> CalendarOut:
    return _one(session, name, now, zone)


@router.put("/calendars/{name}")
def put_calendar(
    caller: Writer,
    session: SessionDep,
    now: Now,
    zone: CountyZone,
    wake: Wake,
    name: Name,
    body: CalendarIn,
) -> CalendarOut:
    """Makes or replaces one; it counts with the next batch."""
    after_commit(session, wake)
    calendars.put(session, name, body.model_dump(), by=caller.name, now=now)
    return _one(session, name, now, zone)


@router.delete("/calendars/{name}", status_code=204)
def delete_calendar(caller: Writer, session: SessionDep, now: Now, wake: Wake, name: Name) -> None:
    """A built-in one that was replaced is itself again. Refused while a rule needs it."""
    after_commit(session, wake)
    calendars.delete(session, name, by=caller.name, now=now)
