"""Events and alerts over time and by kind, from the hourly counts."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from safety_service.services import view_shapes_trend as shapes
from safety_service.services.view import Viewpoint
from safety_service.services.view_figures import LEVELS, link, rfc3339
from safety_service.store import rollups

_DAY = timedelta(days=1)


def trend(session: Session, at: Viewpoint, *, hours: int) -> shapes.Trend:
    """Events and raised alerts of each of the last hours, oldest first, the running hour last."""
    since = at.hours_back(hours)
    events = {found.hour: found.total for found in rollups.events_by_hour(session, since)}
    alerts = rollups.alerts_by_hour(session, since)
    items: list[shapes.TrendHour] = []
    for hour in (since + timedelta(hours=step) for step in range(hours)):
        stretch = {"from": hour, "to": hour + timedelta(hours=1)}
        by_severity = {name: alerts.get(hour, {}).get(name, 0) for name in LEVELS}
        items.append(
            {
                "hour": rfc3339(hour),
                "events": events.get(hour, 0),
                "alerts": sum(by_severity.values()),
                "by_severity": by_severity,
                "list": link("alerts", stretch),
                "events_list": link("events", stretch),
            }
        )
    return {"as_of": rfc3339(at.now), "hours": hours, "items": items}


def days(session: Session, at: Viewpoint, *, days: int) -> shapes.DailyTrend:
    """Events and raised alerts of each of the county's last days, oldest first, the running day last."""
    zone = ZoneInfo(at.timezone)
    today = at.now.astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    starts = {day: datetime.combine(day, time(), zone).astimezone(UTC) for day in [*dates, today + _DAY]}
    # The counts are of hours of UTC; where the county's day begins in one, it goes to the day before it.
    since = rollups.hour_of(starts[dates[0]])
    events: Counter[date] = Counter()
    for found in rollups.events_by_hour(session, since):
        events[found.hour.astimezone(zone).date()] += found.total
    alerts: dict[date, Counter[str]] = {}
    for hour, counts in rollups.alerts_by_hour(session, since).items():
        alerts.setdefault(hour.astimezone(zone).date(), Counter()).update(counts)
    items = [
        _day(day, events[day], alerts.get(day, Counter()), starts[day], starts[day + _DAY]) for day in dates
    ]
    return {"as_of": rfc3339(at.now), "days": days, "items": items}


def _day(
    day: date, events: int, alerts: Mapping[str, int], start: datetime, end: datetime
) -> shapes.TrendDay:
    stretch = {"from": start, "to": end}
    by_severity = {name: alerts.get(name, 0) for name in LEVELS}
    return {
        "day": day.isoformat(),
        "events": events,
        "alerts": sum(by_severity.values()),
        "by_severity": by_severity,
        "list": link("alerts", stretch),
        "events_list": link("events", stretch),
    }


def kinds(session: Session, at: Viewpoint, *, hours: int, limit: int) -> shapes.Kinds:
    """The kinds that raised most alerts, then those with most events."""
    since = at.hours_back(hours)
    events, alerts = rollups.events_by_kind(session, since), rollups.alerts_by_kind(session, since)
    ranked = sorted({*events, *alerts}, key=lambda kind: (-alerts.get(kind, 0), -events.get(kind, 0), kind))
    items: list[shapes.KindItem] = [
        {
            "kind": kind,
            "alerts": alerts.get(kind, 0),
            "events": events.get(kind, 0),
            "list": link("alerts", {"kind": kind, "from": since}),
            "events_list": link("events", {"kind": kind, "from": since}),
        }
        for kind in ranked[:limit]
    ]
    return {"as_of": rfc3339(at.now), "hours": hours, "items": items}
