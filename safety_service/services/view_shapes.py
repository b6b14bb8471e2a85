"""The shapes of the view answers, as a reader of the wall screen's API sees them."""

from typing import Any, Literal

from typing_extensions import TypedDict


class Figure(TypedDict):
    """One number and the address of the list behind it; None where there is nothing to measure yet."""

    value: float | None
    list: str


class OpenFigure(Figure):
    unacknowledged: int


class Share(Figure):
    """`value` of `total`, and that as a percentage (None when there is nothing to count)."""

    total: int
    percent: float | None


class CountyName(TypedDict):
    code: str
    name_zh: str
    name_en: str


class AlertRow(TypedDict):
    """The alert fields of the REST contract, with the names a screen needs."""

    id: int
    rule: str
    key: list[str]
    school: str
    school_name_zh: str
    school_name_en: str
    device: str | None
    zone: str | None
    kind: str
    title: dict[str, str]
    severity: str
    condition: str
    raised_at: str
    last_seen_at: str
    resolved_at: str | None
    count: int
    acknowledged_at: str | None
    acknowledged_by: str | None
    assignee: str | None
    closed_at: str | None
    closed_by: str | None
    disposition: str | None
    suppressed_by: str | None
    snapshot_url: str | None
    list: str


class Presence(TypedDict):
    """`devices_new`: heard of and not adopted; `devices_quarantined`: held apart at a strict school."""

    devices_online: Share
    devices_new: Figure
    devices_quarantined: Figure
    schools_reporting: Share


class PutRight(TypedDict):
    """Rectifications neither accepted nor cancelled, and those of them that are owed beyond their day."""

    rectifications_open: Figure
    rectifications_overdue: Figure


class Duties(TypedDict):
    """Of the duties due today those done, and those missed; overdue: still to be done, whenever due."""

    duties_today: Share
    duties_missed: Figure
    duties_overdue: Figure


class Owed(PutRight, Duties):
    """What people owe."""


class Overview(Presence, Owed):
    """`advanced_at`: when messages were last turned into alerts; `lagging`: that is too long ago to trust."""

    as_of: str
    advanced_at: str | None
    lagging: bool
    last_transition: int
    timezone: str
    county: CountyName
    alerts_open: dict[str, OpenFigure]
    alerts_open_total: OpenFigure
    alerts_unacknowledged: Figure
    alerts_today: Figure
    closed_today: Figure
    events_today: Figure
    acknowledge_seconds: Figure
    close_seconds: Figure
    newest: list[AlertRow]


class SchoolState(TypedDict):
    code: str
    name_zh: str
    name_en: str
    township: str
    township_zh: str
    township_en: str
    kind: str
    severity: str | None
    open: dict[str, int]
    open_total: int
    devices: int
    devices_online: int
    reporting: bool


class SchoolItem(SchoolState):
    """`alerts` raised and `events` within the hours asked for."""

    alerts: int
    events: int
    list: str


class SchoolItems(TypedDict):
    as_of: str
    hours: int
    items: list[SchoolItem]


class Feature(TypedDict):
    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any] | None
    properties: dict[str, Any]


class SchoolMap(TypedDict):
    """GeoJSON (RFC 7946) of the schools; a school without coordinates has no geometry."""

    type: Literal["FeatureCollection"]
    as_of: str
    features: list[Feature]


class Times(TypedDict):
    samples: int
    median_seconds: float | None
    p90_seconds: float | None


class ResponseWindow(TypedDict):
    hours: int
    acknowledge: Times
    close: Times
    list: str


class Response(TypedDict):
    as_of: str
    windows: list[ResponseWindow]


class FormatItem(TypedDict):
    format: str
    total: int
    online: int


class SilentDevice(TypedDict):
    school: str
    school_name_zh: str
    school_name_en: str
    device: str
    name: str
    zone: str | None
    last_seen_at: str | None
    list: str


class Devices(TypedDict):
    as_of: str
    online: Share
    new: Figure
    by_format: list[FormatItem]
    silent: list[SilentDevice]


class GradeName(TypedDict):
    zh: str
    en: str
    letter: str | None
    icon: str | None


class ListReason(TypedDict):
    """One criterion that put a cafeteria on a list, and the fact that it looked at."""

    fact: str
    zh: str
    en: str


class CafeteriaItem(TypedDict):
    """`grade` and `score` of the last visit, `letter` and `average` of the last twelve months.

    `reasons`: why it is on the red or the black list, empty on neither. `contested`: an appeal against the
    last visit is pending.
    """

    id: str
    school: str
    name_zh: str
    name_en: str
    score: str | None
    grade: str | None
    letter: str | None
    average: str | None
    reason: str | None
    reasons: list[ListReason]
    contested: bool
    visited_on: str | None
    list: str


class RedBlackList(TypedDict):
    """The best first, the worst first. `criteria` are those by which they were drawn up."""

    as_of: str
    red: list[CafeteriaItem]
    black: list[CafeteriaItem]
    criteria: dict[str, Any]


class GradeDrop(TypedDict):
    id: str
    school: str
    name_zh: str
    name_en: str
    visited_on: str
    before: str | None
    now: str | None
    why: dict[str, str]
    list: str


class Cafeterias(TypedDict):
    """`annual` by letter and `dynamic` by the last visit's grade, each with `none`."""

    as_of: str
    annual: dict[str, Figure]
    dynamic: dict[str, Figure]
    grades: dict[str, GradeName]
    red: list[CafeteriaItem]
    black: list[CafeteriaItem]
    drops: list[GradeDrop]
    items: list[CafeteriaItem]
