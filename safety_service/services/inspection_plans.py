"""The plan of visits: what is due next and why, who goes when, and in which order on one day."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlmodel import Session

from safety_service.domain.errors import Refused
from safety_service.domain.planning import Due, Planning, next_due
from safety_service.domain.routes import Point, distance_km, order_stops
from safety_service.services.cafeterias import local_day
from safety_service.services.inspection_due import standing_of
from safety_service.store import audit, inspection_plans
from safety_service.store.paging import Key, Page
from safety_service.store.tables import School
from safety_service.store.tables_cafeteria import Cafeteria, Inspection
from safety_service.store.tables_inspection import PlannedVisit
from safety_service.store.view_cafeterias import cafeterias


class PlanFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to show of the plan; `due_before` leaves out what is due on that day or later."""

    due_before: date | None = None
    township: str | None = None
    school: str | None = None
    assignee: str | None = None


class PlanLine(msgspec.Struct, frozen=True):
    """One cafeteria with the day of its next visit, and who goes, where somebody does."""

    cafeteria: Cafeteria
    school: School
    due: Due
    planned: PlannedVisit | None


class Stop(msgspec.Struct, frozen=True):
    """One place of a route, `km` from the one before; None where the school has no coordinates."""

    cafeteria: Cafeteria
    school: School
    km: float | None


class Route(msgspec.Struct, frozen=True):
    """The stops in order; those without coordinates come last. `back_km`: from the last to the start."""

    stops: list[Stop]
    total_km: float
    back_km: float | None


def plan(session: Session, intervals: Planning, today: date) -> list[PlanLine]:
    """Every cafeteria of the session's schools, the earliest due first."""
    planned = inspection_plans.by_cafeteria(session)
    lines = [
        PlanLine(place, school, next_due(intervals, standing_of(place), today), planned.get(place.id))
        for place, school in cafeterias(session)
    ]
    return sorted(lines, key=lambda line: (line.due.on, line.cafeteria.id))


def plan_page(lines: Sequence[PlanLine], wanted: PlanFilter, after: Key | None, limit: int) -> Page[PlanLine]:
    """Some lines of the plan; a county has a few hundred, so they are reckoned anew for each page."""
    rows = [line for line in lines if _is_wanted(line, wanted) and (after is None or _key(line) > after)]
    return Page(rows[:limit], _key(rows[limit - 1]) if len(rows) > limit else None)


def _key(line: PlanLine) -> Key:
    return line.due.on.isoformat(), line.cafeteria.id


def _is_wanted(line: PlanLine, wanted: PlanFilter) -> bool:
    return (
        (wanted.due_before is None or line.due.on < wanted.due_before)
        and wanted.township in (None, line.school.township)
        and wanted.school in (None, line.school.code)
        and wanted.assignee in (None, line.planned.assignee if line.planned else "")
    )


def assign(
    session: Session, place: Cafeteria, assignee: str, planned_on: date, *, by: str, now: datetime, zone: str
) -> PlannedVisit:
    """Plans the next visit of a cafeteria, in place of what was planned; Refused for a day that is past."""
    today = local_day(session, place.school, zone, now)
    if planned_on < today:
        raise Refused(f"{planned_on} is past (today is {today})", place="planned_on")
    row = {
        "cafeteria": place.id,
        "school": place.school,
        "assignee": assignee,
        "planned_on": planned_on,
        "planned_at": now,
        "planned_by": by,
    }
    planned = inspection_plans.put(session, row)
    _note(session, place, {"assignee": assignee, "planned_on": planned_on.isoformat()}, now)
    return planned


def withdraw(session: Session, place: Cafeteria, *, now: datetime) -> None:
    """Nobody is planned for the cafeteria any more; nothing happens where nobody was."""
    if inspection_plans.remove(session, place.id):
        _note(session, place, {"assignee": None, "planned_on": None}, now)


def _note(session: Session, place: Cafeteria, detail: dict[str, str | None], now: datetime) -> None:
    audit.record(
        session, "inspection.plan", "cafeteria", place.id, now=now, school=place.school, detail=detail
    )


def visited(session: Session, visit: Inspection, timezone: str) -> None:
    """A visit since it was planned is the visit that was planned, by whomever and whenever it was made."""
    planned = inspection_plans.find(session, visit.cafeteria)
    if planned is None:
        return
    if visit.visited_on >= local_day(session, visit.school, timezone, planned.planned_at):
        inspection_plans.remove(session, visit.cafeteria)


def route(session: Session, assignee: str, day: date, start: Point | None) -> Route:
    """What one inspector has planned for a day, in an order that is short to drive."""
    places = [(place, school) for _, place, school in inspection_plans.of_day(session, assignee, day)]
    known = [(place, school, _point(school)) for place, school in places]
    placed = [(place, school, point) for place, school, point in known if point is not None]
    legs = order_stops([point for *_, point in placed], start)
    stops = [Stop(placed[leg.stop][0], placed[leg.stop][1], leg.km) for leg in legs]
    stops += [Stop(place, school, None) for place, school, point in known if point is None]
    back = distance_km(placed[legs[-1].stop][2], start) if legs and start is not None else None
    return Route(stops, sum(leg.km for leg in legs), back)


def _point(school: School) -> Point | None:
    if school.latitude is None or school.longitude is None:
        return None
    return Point(school.latitude, school.longitude)
