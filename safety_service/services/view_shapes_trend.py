"""The shapes of the view answers that run over hours, days and kinds; and the map they stand beside."""

from typing import Any, Literal

from typing_extensions import TypedDict


class TrendHour(TypedDict):
    hour: str
    events: int
    alerts: int
    by_severity: dict[str, int]
    list: str
    events_list: str


class Trend(TypedDict):
    as_of: str
    hours: int
    items: list[TrendHour]


class TrendDay(TypedDict):
    day: str
    events: int
    alerts: int
    by_severity: dict[str, int]
    list: str
    events_list: str


class DailyTrend(TypedDict):
    """`day` is a date of the county's calendar."""

    as_of: str
    days: int
    items: list[TrendDay]


class CountyBoundary(TypedDict):
    """GeoJSON; without features where no map was imported. `approval`: the number it may be shown under."""

    type: Literal["FeatureCollection"]
    features: list[dict[str, Any]]
    approval: str | None
    imported_at: str | None


class KindItem(TypedDict):
    kind: str
    alerts: int
    events: int
    list: str
    events_list: str


class Kinds(TypedDict):
    as_of: str
    hours: int
    items: list[KindItem]
