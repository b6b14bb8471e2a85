"""The plan of visits and a day's route as the API shows them."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from safety_service.api.schemas_inspections import LabelsOut
from safety_service.services.inspection_plans import PlanLine, Route, Stop
from safety_service.store.tables_inspection import PlannedVisit


class PlannedOut(BaseModel):
    cafeteria: str
    assignee: str
    planned_on: date
    planned_at: datetime
    planned_by: str


class PlanIn(BaseModel):
    """Who goes, and on which day; both null: nobody is planned any more."""

    model_config = ConfigDict(extra="forbid")

    assignee: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None
    planned_on: date | None


class PlanLineOut(BaseModel):
    """A cafeteria and the day by which it is to be visited; `decided_by` and `why` say for what reason."""

    cafeteria: str
    school: str
    township: str
    name_zh: str
    name_en: str
    grade: str | None
    risk_level: str | None
    visited_on: date | None
    due: date
    overdue_days: int
    decided_by: Literal["never_visited", "no_grade", "grade", "risk_level"]
    why: LabelsOut
    assignee: str | None
    planned_on: date | None


class StopOut(BaseModel):
    """`km` from the stop before, as the crow flies; null where the school has no coordinates."""

    cafeteria: str
    school: str
    name_zh: str
    name_en: str
    latitude: float | None
    longitude: float | None
    km: float | None


class RouteOut(BaseModel):
    assignee: str
    date: date
    stops: list[StopOut]
    total_km: float
    back_km: float | None = Field(description="From the last stop to where the day began, if that is known")


def planned_out(row: PlannedVisit) -> PlannedOut:
    return PlannedOut(**row.model_dump(include=set(PlannedOut.model_fields)))


def plan_line_out(line: PlanLine, today: date) -> PlanLineOut:
    place, planned = line.cafeteria, line.planned
    return PlanLineOut(
        cafeteria=place.id,
        school=place.school,
        township=line.school.township,
        name_zh=place.name_zh,
        name_en=place.name_en,
        grade=place.grade,
        risk_level=place.risk_level,
        visited_on=place.visited_on,
        due=line.due.on,
        overdue_days=max(0, (today - line.due.on).days),
        decided_by=line.due.decided_by,
        why=LabelsOut(**line.due.why),
        assignee=planned.assignee if planned else None,
        planned_on=planned.planned_on if planned else None,
    )


def route_out(assignee: str, day: date, route: Route) -> RouteOut:
    back = route.back_km
    return RouteOut(
        assignee=assignee,
        date=day,
        stops=[_stop(stop) for stop in route.stops],
        total_km=round(route.total_km, 2),
        back_km=round(back, 2) if back is not None else None,
    )


def _stop(stop: Stop) -> StopOut:
    return StopOut(
        cafeteria=stop.cafeteria.id,
        school=stop.school.code,
        name_zh=stop.cafeteria.name_zh,
        name_en=stop.cafeteria.name_en,
        latitude=stop.school.latitude,
        longitude=stop.school.longitude,
        km=round(stop.km, 2) if stop.km is not None else None,
    )
