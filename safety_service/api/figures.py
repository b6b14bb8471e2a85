"""How alerts are handled: response times, false alarms, noisy devices, and what nobody looked at."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlmodel import Session

from safety_service.api.deps import Now, SessionDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_alerts import AlertOut, alerts_out
from safety_service.domain.figures import Figures, Times, range_of
from safety_service.domain.rights import Caller
from safety_service.domain.types import Severity
from safety_service.services import figures as reckoning
from safety_service.services.figures import Order
from safety_service.store import figures as store
from safety_service.store.figures import By, FigureFilter, Unattended
from safety_service.store.tables import StoredAlert

router = new_router("alerts")

Reader = Annotated[Caller, Depends(require("alerts:read"))]
Minutes = Annotated[
    int,
    Query(ge=1, le=43_200, description="An open alert waits too long after so many without acknowledgement"),
]
USUAL_MINUTES = 30


class TimesOut(BaseModel):
    """Seconds, rounded to tenths; null without samples. The 90th percentile is the nearest rank."""

    samples: int
    median_seconds: float | None
    p90_seconds: float | None


class FigureOut(BaseModel):
    """The figures of one group of alerts, those raised in the range.

    `acknowledge`: from the raise to the first acknowledgement; a close by a person who had not acknowledged
    counts as one. `close`: from the raise to the close by a person that stands. `counted`: all matches.
    `false_alarm_percent`: of `closed_by_people`. `waiting`: open and unacknowledged for longer than
    `minutes`. `unseen`: closed with their own end, and no person ever did anything. `list`: the alerts.
    """

    value: str = Field(description="School code, kind, severity, rule or device; empty for all")
    school: str | None = Field(description="Of a school or a device")
    name_zh: str | None
    name_en: str | None
    alerts: int
    counted: int
    acknowledge: TimesOut
    close: TimesOut
    closed_by_people: int
    false_alarms: int
    false_alarm_percent: float | None
    waiting: int
    unseen: int
    list: str


class UnattendedOut(AlertOut):
    """An alert, and why it is here."""

    unattended: Unattended


def wanted(
    now: Now,
    since: Annotated[
        AwareDatetime | None, Query(alias="from", description="raised_at, included; else 30 days back")
    ] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="raised_at, excluded")] = None,
    school: str | None = None,
    kind: str | None = None,
    severity: Annotated[list[Severity] | None, Query(description="Any of")] = None,
) -> FigureFilter:
    raised = range_of(since, until, now)
    return FigureFilter(raised=raised, school=school, kind=kind, severity=tuple(severity or ()))


Wanted = Annotated[FigureFilter, Depends(wanted)]


def _times(found: Times) -> TimesOut:
    median = None if found.median is None else round(found.median, 1)
    p90 = None if found.p90 is None else round(found.p90, 1)
    return TimesOut(samples=found.samples, median_seconds=median, p90_seconds=p90)


def figures_out(session: Session, found: Sequence[Figures], by: By, wanted: FigureFilter) -> list[FigureOut]:
    return [
        FigureOut(
            value=one.figures.group[-1] if one.figures.group else "",
            school=one.figures.group[0] if by in {"school", "device"} else None,
            name_zh=one.name.get("zh"),
            name_en=one.name.get("en"),
            alerts=one.figures.alerts,
            counted=one.figures.counted,
            acknowledge=_times(one.figures.acknowledge),
            close=_times(one.figures.close),
            closed_by_people=one.figures.closed_by_people,
            false_alarms=one.figures.false_alarms,
            false_alarm_percent=one.figures.false_alarm_percent,
            waiting=one.figures.waiting,
            unseen=one.figures.unseen,
            list=one.list,
        )
        for one in reckoning.named(session, found, by, wanted)
    ]


def unattended_out(rows: Sequence[StoredAlert]) -> list[UnattendedOut]:
    return [
        UnattendedOut(**dict(alert), unattended="waiting" if alert.closed_at is None else "unseen")
        for alert in alerts_out(rows)
    ]


@router.get("/alerts/figures", responses=LIST_RESPONSES, response_model=ListOf[FigureOut])
def list_figures(
    _caller: Reader,
    session: SessionDep,
    now: Now,
    wanted: Wanted,
    paging: PagingDep,
    by: Annotated[By, Query(description="What a row stands for")] = "rule",
    order: Annotated[Order, Query(description="The highest first; of times the longest median")] = "alerts",
    minutes: Minutes = USUAL_MINUTES,
) -> ListOf[FigureOut] | Response:
    """Response times, false alarms, and what nobody looked at, of the alerts raised in a range."""
    patience = timedelta(minutes=minutes)
    found = reckoning.figures(session, wanted, by, order, now=now, patience=patience)
    return paging.answer(
        lambda after, limit: reckoning.page_of(found, order, after, limit),
        lambda rows: figures_out(session, rows, by, wanted),
        FigureOut,
    )


@router.get("/alerts/unattended", responses=LIST_RESPONSES, response_model=ListOf[UnattendedOut])
def list_unattended(
    _caller: Reader,
    session: SessionDep,
    now: Now,
    wanted: Wanted,
    paging: PagingDep,
    why: Annotated[Unattended | None, Query(description="Only these; else both")] = None,
    minutes: Minutes = USUAL_MINUTES,
) -> ListOf[UnattendedOut] | Response:
    """Newest first: open for too long without acknowledgement, or closed unseen by any person."""
    waits_since: datetime = now - timedelta(minutes=minutes)
    return paging.answer(
        lambda after, limit: store.list_unattended(session, wanted, why, waits_since, after, limit),
        unattended_out,
        UnattendedOut,
    )
