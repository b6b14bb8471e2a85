"""The course of a cafeteria's credit: visits, annual grades, index, and whether it rises or falls."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from safety_service.api.cafeterias import CafeteriaDep, Reader
from safety_service.api.deps import Now, SessionDep, SettingsDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_credit_index import DayOut, days_out
from safety_service.api.schemes import BookDep
from safety_service.domain.credit_trend import Direction
from safety_service.services.cafeterias import county_day
from safety_service.services.credit_history import History, history

router = new_router("cafeterias")


class HistoryVisit(BaseModel):
    """One visit under a scheme of the sign, in its newest revision."""

    inspection: int
    date: date
    scheme: str
    score: str | None
    grade: str | None
    icon: str | None
    reason: str | None
    revision: int
    appeal_pending: bool


class HistoryAnnual(BaseModel):
    """The annual grade as it was reckoned on that day, from the twelve months before."""

    as_of: date
    average: str | None
    grade: str | None
    letter: str | None
    counted: int


class TrendOut(BaseModel):
    """The annual average of the day less that of a year before; a change below 0.3 is steady."""

    direction: Direction
    change: str | None
    now: str | None
    before: str | None


class HistoryOut(BaseModel):
    cafeteria: str
    since: date
    as_of: date
    trend: TrendOut
    visits: list[HistoryVisit] = Field(description="Newest first")
    annual: list[HistoryAnnual] = Field(description="At the end of each month, and on the day; oldest first")
    credit_index: list[DayOut] = Field(description="As kept on each day, oldest first; no official grade")


@router.get("/cafeterias/{cafeteria}/history")
def read_history(
    _caller: Reader,
    session: SessionDep,
    settings: SettingsDep,
    book: BookDep,
    now: Now,
    row: CafeteriaDep,
    months: Annotated[int, Query(ge=1, le=60)] = 24,
) -> HistoryOut:
    """Visits, annual grades month by month, the index day by day, and where it goes."""
    found = history(session, row, book, county_day(settings.timezone, now), months)
    return _history_out(row.id, found)


def _history_out(cafeteria: str, found: History) -> HistoryOut:
    trend = found.trend
    return HistoryOut(
        cafeteria=cafeteria,
        since=found.since,
        as_of=found.as_of,
        trend=TrendOut(
            direction=trend.direction,
            change=None if trend.change is None else str(trend.change),
            now=None if trend.now is None else str(trend.now),
            before=None if trend.before is None else str(trend.before),
        ),
        visits=[
            HistoryVisit(
                inspection=visit.id,
                date=visit.visited_on,
                scheme=visit.scheme,
                score=visit.score,
                grade=visit.grade,
                icon=visit.icon,
                reason=visit.reason,
                revision=visit.revision,
                appeal_pending=visit.id in found.contested,
            )
            for visit in found.visits
        ],
        annual=[_annual(day, outputs) for day, outputs in found.annual],
        credit_index=days_out(found.index),
    )


def _annual(day: date, outputs: Mapping[str, Any]) -> HistoryAnnual:
    return HistoryAnnual(
        as_of=day,
        average=outputs.get("average"),
        grade=outputs.get("grade"),
        letter=outputs.get("letter"),
        counted=outputs.get("counted", 0),
    )
