"""The plan of visits: what is due, who goes, and in which order on one day."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Response

from safety_service.api.cafeterias import CafeteriaDep, Reader
from safety_service.api.deps import Now, PlanningDep, SessionDep, SettingsDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_inspection_plans import (
    PlanIn,
    PlanLineOut,
    PlannedOut,
    RouteOut,
    plan_line_out,
    planned_out,
    route_out,
)
from safety_service.domain.errors import Refused
from safety_service.domain.rights import Caller
from safety_service.domain.routes import Point
from safety_service.services import cafeterias, inspection_plans
from safety_service.services.inspection_plans import PlanFilter
from safety_service.settings import Settings

router = new_router("inspections")

Planner = Annotated[Caller, Depends(require("inspections:plan"))]


def wanted(
    due_before: Annotated[date | None, Query(description="Only what is due before that day")] = None,
    township: str | None = None,
    school: str | None = None,
    assignee: str | None = None,
) -> PlanFilter:
    return PlanFilter(due_before=due_before, township=township, school=school, assignee=assignee)


def starting_point(
    settings: SettingsDep,
    latitude: Annotated[float | None, Query(ge=-90, le=90)] = None,
    longitude: Annotated[float | None, Query(ge=-180, le=180)] = None,
) -> Point | None:
    """Where the day begins: as asked, else at the bureau, else (None) at the first stop."""
    if (latitude is None) != (longitude is None):
        raise Refused("latitude and longitude come together", place="query.longitude")
    if latitude is not None and longitude is not None:
        return Point(latitude, longitude)
    return _bureau(settings)


def _bureau(settings: Settings) -> Point | None:
    if settings.bureau_latitude is None or settings.bureau_longitude is None:
        return None
    return Point(settings.bureau_latitude, settings.bureau_longitude)


@router.get("/inspection-plan", responses=LIST_RESPONSES, response_model=ListOf[PlanLineOut])
def list_plan(
    _caller: Reader,
    session: SessionDep,
    settings: SettingsDep,
    now: Now,
    intervals: PlanningDep,
    wanted: Annotated[PlanFilter, Depends(wanted)],
    paging: PagingDep,
) -> ListOf[PlanLineOut] | Response:
    """Every cafeteria by the day of its next visit, with the reason; the earliest first."""
    today = cafeterias.county_day(settings.timezone, now)
    lines = inspection_plans.plan(session, intervals, today)
    return paging.answer(
        lambda after, limit: inspection_plans.plan_page(lines, wanted, after, limit),
        lambda rows: [plan_line_out(line, today) for line in rows],
        PlanLineOut,
    )


@router.get("/inspection-plan/route")
def read_route(
    caller: Reader,
    session: SessionDep,
    settings: SettingsDep,
    now: Now,
    start: Annotated[Point | None, Depends(starting_point)],
    assignee: Annotated[str | None, Query(max_length=100, description="The caller if not given")] = None,
    date: Annotated[date | None, Query(description="Today if not given")] = None,
) -> RouteOut:
    """What one inspector has planned for a day, in an order that is short to drive; distances in km."""
    who, day = assignee or caller.name, date or cafeterias.county_day(settings.timezone, now)
    return route_out(who, day, inspection_plans.route(session, who, day, start))


@router.put(
    "/inspection-plan/{cafeteria}", response_model=PlannedOut, responses={204: {"description": "Withdrawn"}}
)
def plan_visit(
    caller: Planner, session: SessionDep, settings: SettingsDep, now: Now, place: CafeteriaDep, body: PlanIn
) -> PlannedOut | Response:
    """Says who inspects the cafeteria next, and when; the plan is done with the next visit."""
    if body.assignee is None and body.planned_on is None:
        inspection_plans.withdraw(session, place, now=now)
        return Response(status_code=204)
    if body.assignee is None or body.planned_on is None:
        missing = "assignee" if body.assignee is None else "planned_on"
        raise Refused("is missing; both null withdraw the plan", place=missing)
    planned = inspection_plans.assign(
        session, place, body.assignee, body.planned_on, by=caller.name, now=now, zone=settings.timezone
    )
    return planned_out(planned)
