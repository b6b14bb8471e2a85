"""What the wall screen shows: read often, so answered with 304 as long as nothing has changed."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, Header, Query, Response

from safety_service.api.deps import Now, SessionDep, SettingsDep, require
from safety_service.api.routing import new_router
from safety_service.api.schemes import BookDep
from safety_service.api.shared import Answer, SharedDep
from safety_service.domain.rights import Caller
from safety_service.services import boundary, view, view_shapes, view_shapes_trend, view_trend
from safety_service.services.periods import known_credit_repair, known_list_criteria
from safety_service.services.red_black_list import ListRules
from safety_service.services.view_cafeterias import cafeterias, red_black_list
from safety_service.store.alerts import last_transition

router = new_router("view")

HOURS = Query(ge=1, le=720, description="Whole hours up to now, the running one included")
MONTH = 30
NOT_NEWS = frozenset({"as_of", "advanced_at"})
"""What differs between two answers that say the same; left out of the ETag, which is weak for that reason."""

Reader = Annotated[Caller, Depends(require("view:read"))]
IfNoneMatch = Annotated[str | None, Header()]


def viewpoint(now: Now, settings: SettingsDep) -> view.Viewpoint:
    return view.Viewpoint(
        now=now,
        timezone=settings.timezone,
        online_seconds=settings.device_online_seconds,
        county_code=settings.county_code,
        county_name_zh=settings.county_name_zh,
        county_name_en=settings.county_name_en,
    )


def list_rules(settings: SettingsDep, book: BookDep) -> ListRules:
    criteria = known_list_criteria(settings.red_black_list_file)
    return ListRules(book, criteria, known_credit_repair(settings.credit_repair_file))


At = Annotated[view.Viewpoint, Depends(viewpoint)]
RulesDep = Annotated[ListRules, Depends(list_rules)]


def answer(
    body: Mapping[str, Any], if_none_match: str | None, media_type: str = "application/json"
) -> Response:
    """The body with its ETag, or 304 where the caller already has it."""
    return _answered(_encoded(body), if_none_match, media_type)


def _encoded(body: Mapping[str, Any]) -> Answer:
    news = {name: value for name, value in body.items() if name not in NOT_NEWS}
    etag = f'W/"{hashlib.sha256(msgspec.json.encode(news)).hexdigest()[:32]}"'
    return Answer(msgspec.json.encode(body), etag)


def _answered(found: Answer, if_none_match: str | None, media_type: str = "application/json") -> Response:
    headers = {"ETag": found.etag, "Cache-Control": "private, no-cache"}
    known = {tag.strip() for tag in (if_none_match or "").split(",")}
    if found.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(found.body, headers=headers, media_type=media_type)


@router.get("/view/overview", response_model=view_shapes.Overview)
def read_overview(
    caller: Reader, session: SessionDep, at: At, shared: SharedDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Every figure of the screen and the newest alerts; what is no alert may be two seconds old."""
    who, version = (caller.every_school, caller.schools), last_transition(session)
    found = shared.get(who, version, lambda: _encoded(view.overview(session, at)))
    return _answered(found, if_none_match)


@router.get("/view/schools", response_model=view_shapes.SchoolItems)
def read_schools(
    _caller: Reader,
    session: SessionDep,
    at: At,
    hours: Annotated[int, HOURS] = view.DAY,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    reporting: Annotated[bool | None, Query(description="Whether any of its devices is heard of")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The schools, the most troubled first."""
    return answer(view.schools(session, at, hours=hours, limit=limit, reporting=reporting), if_none_match)


@router.get("/view/map", response_model=view_shapes.SchoolMap)
def read_map(_caller: Reader, session: SessionDep, at: At, if_none_match: IfNoneMatch = None) -> Response:
    """GeoJSON: a point for each school with its worst open severity."""
    return answer(view.school_map(session, at), if_none_match, "application/geo+json")


@router.get("/view/boundary", response_model=view_shapes_trend.CountyBoundary)
def read_boundary(_caller: Reader, session: SessionDep, if_none_match: IfNoneMatch = None) -> Response:
    """GeoJSON: the bureau's own map; without one the pages draw a schematic from the schools' places."""
    return answer(boundary.shown(session), if_none_match, "application/geo+json")


@router.get("/view/trend", response_model=view_shapes_trend.Trend)
def read_trend(
    _caller: Reader,
    session: SessionDep,
    at: At,
    hours: Annotated[int, HOURS] = view.DAY,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Events and alerts of each hour."""
    return answer(view_trend.trend(session, at, hours=hours), if_none_match)


@router.get("/view/trend/days", response_model=view_shapes_trend.DailyTrend)
def read_days(
    _caller: Reader,
    session: SessionDep,
    at: At,
    days: Annotated[int, Query(ge=1, le=366, description="Up to today, which counts as one")] = MONTH,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Events and alerts of each day of the county."""
    return answer(view_trend.days(session, at, days=days), if_none_match)


@router.get("/view/kinds", response_model=view_shapes_trend.Kinds)
def read_kinds(
    _caller: Reader,
    session: SessionDep,
    at: At,
    hours: Annotated[int, HOURS] = view.DAY,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The kinds of events, those that raised most alerts first."""
    return answer(view_trend.kinds(session, at, hours=hours, limit=limit), if_none_match)


@router.get("/view/cafeterias", response_model=view_shapes.Cafeterias)
def read_cafeterias(
    _caller: Reader,
    session: SessionDep,
    at: At,
    rules: RulesDep,
    letter: Annotated[Literal["A", "B", "C", "none"] | None, Query(description="Also lists these")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Cafeterias by grade, the red and the black list, the latest falls."""
    return answer(cafeterias(session, at, rules, letter=letter), if_none_match)


@router.get("/view/red-black-list", response_model=view_shapes.RedBlackList)
def read_red_black_list(
    _caller: Reader, session: SessionDep, at: At, rules: RulesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """The red and the black list, each cafeteria with every reason, and the criteria that drew them up."""
    return answer(red_black_list(session, at, rules), if_none_match)


@router.get("/view/response", response_model=view_shapes.Response)
def read_response(
    _caller: Reader, session: SessionDep, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """How long it took to acknowledge and to close: median and 90th percentile."""
    return answer(view.response(session, at), if_none_match)


@router.get("/view/devices", response_model=view_shapes.Devices)
def read_devices(_caller: Reader, session: SessionDep, at: At, if_none_match: IfNoneMatch = None) -> Response:
    """Devices heard of, by format, and those that have been silent longest."""
    return answer(view.devices(session, at), if_none_match)
