"""The answers of the wall screen: every number with the address of the list behind it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from safety_service.services import view_shapes as shapes
from safety_service.services.view_figures import (
    LEVELS,
    alert_row,
    device_sums,
    figure,
    link,
    maybe,
    open_figure,
    open_total,
    point,
    rfc3339,
    share,
    tenths,
    times,
    worst,
)
from safety_service.store import alerts as alert_rows
from safety_service.store import rectifications, rollups
from safety_service.store import view as rows
from safety_service.store import view_duties as duty_rows

DAY = 24
_MOMENT = timedelta(seconds=1)
LAGGING = timedelta(seconds=30)
OPEN_ALERTS = 40
NEWEST_ALERTS = 20
SILENT_DEVICES = 50
RESPONSE_WINDOWS = (DAY, 30 * DAY)


class Viewpoint(msgspec.Struct, frozen=True, kw_only=True):
    """When and where from: the instant asked for and what the settings say about the county."""

    now: datetime
    timezone: str
    online_seconds: int
    county_code: str
    county_name_zh: str
    county_name_en: str

    @property
    def midnight(self) -> datetime:
        """The start of the county's day, in UTC."""
        local = self.now.astimezone(ZoneInfo(self.timezone))
        return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)

    @property
    def minute(self) -> datetime:
        """The running minute's start: what is measured back from it stays the same address for a minute."""
        return self.now.replace(second=0, microsecond=0)

    @property
    def seen_since(self) -> datetime:
        return self.now - timedelta(seconds=self.online_seconds)

    def hours_back(self, hours: int) -> datetime:
        """The start of the stretch of `hours` whole hours that ends with the running one."""
        return rollups.hour_of(self.now) - timedelta(hours=hours - 1)


def overview(session: Session, at: Viewpoint) -> shapes.Overview:
    """Every figure of the screen. Its cost follows the open alerts and the registry, not the history."""
    by_severity = rows.open_by_severity(session)
    open_figures = {name: open_figure(by_severity.get(name), name) for name in LEVELS}
    day_ago, midnight, advanced = at.minute - timedelta(hours=DAY), at.midnight, rows.advanced_at(session)
    county, closed = rows.county(session, at.county_code), rows.closed_since(session, midnight)
    acknowledged, ended = rows.acknowledge_times(session, day_ago), rows.close_times(session, day_ago)
    return {
        "as_of": rfc3339(at.now),
        "advanced_at": maybe(advanced),
        "lagging": advanced is None or at.now - advanced > LAGGING,
        "last_transition": alert_rows.last_transition(session),
        "timezone": at.timezone,
        "county": {
            "code": at.county_code,
            "name_zh": county.name_zh if county else at.county_name_zh,
            "name_en": county.name_en if county else at.county_name_en,
        },
        "alerts_open": open_figures,
        "alerts_open_total": open_total(open_figures),
        "alerts_unacknowledged": figure(
            sum(found["unacknowledged"] for found in open_figures.values()),
            "alerts",
            {"open": "true", "acknowledged": "false"},
        ),
        "alerts_today": figure(
            sum(rollups.alerts_by_kind(session, midnight).values()), "alerts", {"from": midnight}
        ),
        "closed_today": figure(closed, "alerts", {"open": "false", "closed_from": midnight}),
        "events_today": figure(
            sum(hour.total for hour in rollups.events_by_hour(session, midnight)),
            "events",
            {"from": midnight},
        ),
        "acknowledge_seconds": figure(tenths(acknowledged.median), "view/response", {}),
        "close_seconds": figure(tenths(ended.median), "view/response", {}),
        **_presence(session, at),
        **_owed(session, at),
        "newest": _newest(session),
    }


def _newest(session: Session) -> list[shapes.AlertRow]:
    """The newest open alerts and the newest at all: what closes by itself must not push out what waits."""
    waiting = rows.newest_alerts(session, OPEN_ALERTS, open_only=True)
    found = {
        alert.id: (alert, school) for alert, school in [*waiting, *rows.newest_alerts(session, NEWEST_ALERTS)]
    }
    return [alert_row(*found[number]) for number in sorted(found, reverse=True)]


def _owed(session: Session, at: Viewpoint) -> shapes.Owed:
    return {**_put_right(session, at), **_duties(session, at)}


def _put_right(session: Session, at: Viewpoint) -> shapes.PutRight:
    late = rectifications.count_overdue(session, at.now)
    return {
        "rectifications_open": figure(rectifications.count_open(session), "rectifications", {"open": "true"}),
        "rectifications_overdue": figure(late, "rectifications", {"overdue": "true"}),
    }


def _duties(session: Session, at: Viewpoint) -> shapes.Duties:
    """Of the county's day: a second later, since what is due at 24:00 is due at the next midnight."""
    since = at.midnight + _MOMENT
    until = since + timedelta(days=1)
    today = duty_rows.owed(session, since, until)
    stretch: dict[str, str | datetime] = {"from": since, "to": until}
    late = duty_rows.overdue(session, at.minute)
    return {
        "duties_today": share(today.done, today.total, "duties/due", stretch),
        "duties_missed": figure(today.missed, "duties/due", {"state": "missed", **stretch}),
        "duties_overdue": figure(late, "duties/due", {"state": "open", "to": at.minute}),
    }


def _presence(session: Session, at: Viewpoint) -> shapes.Presence:
    devices = rows.devices_by_school(session, at.seen_since)
    online, total = device_sums(devices)
    reporting = sum(1 for school in devices.values() if school.online)
    unknown = sum(school.fresh for school in devices.values())
    held = sum(school.quarantined for school in devices.values())
    return {
        "devices_online": share(online, total, "devices", {"online": "true"}),
        "devices_new": figure(unknown, "devices", {"condition": "new"}),
        "devices_quarantined": figure(held, "devices", {"condition": "quarantined"}),
        "schools_reporting": share(
            reporting, rows.count_schools(session), "view/schools", {"reporting": "true"}
        ),
    }


def schools(
    session: Session, at: Viewpoint, *, hours: int, limit: int, reporting: bool | None
) -> shapes.SchoolItems:
    """One row for each school, the most troubled first (open alerts by severity, then alerts raised)."""
    since = at.hours_back(hours)
    events, alerts = rollups.events_by_school(session, since), rollups.alerts_by_school(session, since)
    devices, waiting = rows.devices_by_school(session, at.seen_since), rows.open_by_school(session)
    nothing = rows.DeviceTotals(0, 0, 0, 0)
    items: list[shapes.SchoolItem] = [
        {
            **_school_state(row, waiting.get(row.school.code, {}), devices.get(row.school.code, nothing)),
            "alerts": alerts.get(row.school.code, 0),
            "events": events.get(row.school.code, 0),
            "list": link("alerts", {"school": row.school.code, "from": since}),
        }
        for row in rows.schools(session)
    ]
    if reporting is not None:
        items = [item for item in items if item["reporting"] == reporting]
    items.sort(key=lambda item: ([-item["open"][name] for name in LEVELS], -item["alerts"], item["code"]))
    return {"as_of": rfc3339(at.now), "hours": hours, "items": items[:limit]}


def _school_state(
    row: rows.SchoolRow, waiting: Mapping[str, rows.OpenAlerts], devices: rows.DeviceTotals
) -> shapes.SchoolState:
    counts = {name: waiting[name].total if name in waiting else 0 for name in LEVELS}
    return {
        "code": row.school.code,
        "name_zh": row.school.name_zh,
        "name_en": row.school.name_en,
        "township": row.township.code,
        "township_zh": row.township.name_zh,
        "township_en": row.township.name_en,
        "kind": row.school.kind,
        "severity": worst(waiting),
        "open": counts,
        "open_total": sum(counts.values()),
        "devices": devices.total,
        "devices_online": devices.online,
        "reporting": bool(devices.online),
    }


def school_map(session: Session, at: Viewpoint) -> shapes.SchoolMap:
    waiting = rows.open_by_school(session)
    features: list[shapes.Feature] = []
    for school, township in rows.schools(session):
        open_alerts = waiting.get(school.code, {})
        newest = max((figure.newest for figure in open_alerts.values()), default=None)
        features.append(
            {
                "type": "Feature",
                "id": school.code,
                "geometry": point(school),
                "properties": {
                    "name_zh": school.name_zh,
                    "name_en": school.name_en,
                    "township": township.code,
                    "township_zh": township.name_zh,
                    "township_en": township.name_en,
                    "kind": school.kind,
                    "severity": worst(open_alerts),
                    "open": sum(figure.total for figure in open_alerts.values()),
                    "unacknowledged": sum(figure.unacknowledged for figure in open_alerts.values()),
                    "last_alert_at": maybe(newest),
                    "list": link("alerts", {"school": school.code, "open": "true"}),
                },
            }
        )
    return {"type": "FeatureCollection", "as_of": rfc3339(at.now), "features": features}


def response(session: Session, at: Viewpoint) -> shapes.Response:
    """How long it took to acknowledge and to close what was raised in the last day and the last 30 days."""
    windows: list[shapes.ResponseWindow] = []
    for hours in RESPONSE_WINDOWS:
        since = at.minute - timedelta(hours=hours)
        windows.append(
            {
                "hours": hours,
                "acknowledge": times(rows.acknowledge_times(session, since)),
                "close": times(rows.close_times(session, since)),
                "list": link("alerts", {"from": since}),
            }
        )
    return {"as_of": rfc3339(at.now), "windows": windows}


def devices(session: Session, at: Viewpoint) -> shapes.Devices:
    by_format = rows.devices_by_format(session, at.seen_since)
    online, total = device_sums(by_format)
    silent: list[shapes.SilentDevice] = [
        {
            "school": school.code,
            "school_name_zh": school.name_zh,
            "school_name_en": school.name_en,
            "device": device.device,
            "name": device.name,
            "zone": device.zone,
            "last_seen_at": maybe(device.last_seen_at),
            "list": link("events", {"school": school.code, "device": device.device}),
        }
        for device, school in rows.longest_silent(session, at.seen_since, SILENT_DEVICES)
    ]
    return {
        "as_of": rfc3339(at.now),
        "online": share(online, total, "devices", {"online": "true"}),
        "new": figure(sum(figure.fresh for figure in by_format.values()), "devices", {"condition": "new"}),
        "by_format": [
            {"format": name, "total": figure.total, "online": figure.online}
            for name, figure in sorted(by_format.items())
        ],
        "silent": silent,
    }
