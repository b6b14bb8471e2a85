"""The hourly counts: added to by the pipeline in its own transaction, read as sums over some hours."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from safety_service.domain.types import Event
from safety_service.store.batches import Upsert, instant_of, upsert
from safety_service.store.tables_rollup import RollupAlertHour, RollupHour

_EVENTS = Upsert(
    "rollup_hour",
    {"school": "text", "hour": "timestamptz", "kind": "text", "events": "int8"},
    ("hour", "school", "kind"),
    "events = rollup_hour.events + excluded.events",
)


_ALERTS = Upsert(
    "rollup_alert_hour",
    {"school": "text", "hour": "timestamptz", "kind": "text", "severity": "text", "raised": "int8"},
    ("hour", "school", "kind", "severity"),
    "raised = rollup_alert_hour.raised + excluded.raised",
)


class HourCount(NamedTuple):
    hour: datetime
    total: int


def hour_of(moment: datetime) -> datetime:
    """The start of the UTC hour that `moment` lies in: the `hour` of its roll-up rows."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def count_by_hour(events: Iterable[Event]) -> dict[tuple[str, datetime, str], int]:
    """How many events of each (school, hour of receipt, kind)."""
    counts: dict[tuple[str, datetime, str], int] = {}
    start = end = datetime.min.replace(tzinfo=UTC)
    for event in events:
        # A batch is received within one hour, or two: the hour is worked out when it changes.
        if not start <= event.received_at < end:
            start = hour_of(event.received_at)
            end = start + timedelta(hours=1)
        key = (event.school, start, event.kind)
        counts[key] = counts.get(key, 0) + 1
    return counts


def add_events(session: Session, counts: Mapping[tuple[str, datetime, str], int]) -> None:
    """Adds to the counts of (school, hour, kind) in one upsert; belongs in the transaction of the events.

    `hour` comes from `hour_of`. Zero entries are allowed and cost nothing.
    """
    stored = instant_of(session)
    upsert(
        session,
        _EVENTS,
        [(school, stored(hour), kind, count) for (school, hour, kind), count in sorted(counts.items())],
    )


def add_alerts(session: Session, counts: Mapping[tuple[str, datetime, str, str], int]) -> None:
    """Adds to the raised alerts of (school, hour, kind, severity), as `add_events` does."""
    stored = instant_of(session)
    rows = [
        (school, stored(hour), kind, severity, count)
        for (school, hour, kind, severity), count in sorted(counts.items())
    ]
    upsert(session, _ALERTS, rows)


def events_by_hour(session: Session, since: datetime) -> Sequence[HourCount]:
    """Events of each hour from `since` on, oldest first; hours without events have no row."""
    rows = session.execute(
        select(col(RollupHour.hour), func.sum(RollupHour.events))
        .where(col(RollupHour.hour) >= since)
        .group_by(col(RollupHour.hour))
        .order_by(col(RollupHour.hour))
    )
    return [HourCount(hour, int(count)) for hour, count in rows]


def alerts_by_hour(session: Session, since: datetime) -> Mapping[datetime, Mapping[str, int]]:
    """Raised alerts of each hour from `since` on, by severity."""
    rows = session.execute(
        select(col(RollupAlertHour.hour), col(RollupAlertHour.severity), func.sum(RollupAlertHour.raised))
        .where(col(RollupAlertHour.hour) >= since)
        .group_by(col(RollupAlertHour.hour), col(RollupAlertHour.severity))
    )
    found: dict[datetime, dict[str, int]] = {}
    for hour, severity, count in rows:
        found.setdefault(hour, {})[severity] = int(count)
    return found


def events_by_kind(session: Session, since: datetime) -> Mapping[str, int]:
    rows = session.execute(
        select(col(RollupHour.kind), func.sum(RollupHour.events))
        .where(col(RollupHour.hour) >= since)
        .group_by(col(RollupHour.kind))
    )
    return {kind: int(count) for kind, count in rows}


def events_by_school(session: Session, since: datetime) -> Mapping[str, int]:
    rows = session.execute(
        select(col(RollupHour.school), func.sum(RollupHour.events))
        .where(col(RollupHour.hour) >= since)
        .group_by(col(RollupHour.school))
    )
    return {school: int(count) for school, count in rows}


def alerts_by_kind(session: Session, since: datetime) -> Mapping[str, int]:
    rows = session.execute(
        select(col(RollupAlertHour.kind), func.sum(RollupAlertHour.raised))
        .where(col(RollupAlertHour.hour) >= since)
        .group_by(col(RollupAlertHour.kind))
    )
    return {kind: int(count) for kind, count in rows}


def alerts_by_school(session: Session, since: datetime) -> Mapping[str, int]:
    rows = session.execute(
        select(col(RollupAlertHour.school), func.sum(RollupAlertHour.raised))
        .where(col(RollupAlertHour.hour) >= since)
        .group_by(col(RollupAlertHour.school))
    )
    return {school: int(count) for school, count in rows}
