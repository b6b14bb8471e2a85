"""What the wall screen shows: from open alerts, registry and hourly counts, never the event log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Float, case, extract, select, type_coerce
from sqlmodel import Session, col, func

from safety_service.store.dialect import is_postgresql
from safety_service.store.tables import County, Device, School, StoredAlert, Township
from safety_service.store.tables_partition import Partition


class OpenAlerts(NamedTuple):
    """Open alerts of one severity (or of one school and severity)."""

    total: int
    unacknowledged: int
    newest: datetime


class SchoolRow(NamedTuple):
    school: School
    township: Township


class DeviceTotals(NamedTuple):
    total: int
    online: int
    fresh: int
    quarantined: int


class Percentiles(NamedTuple):
    """Seconds; None where nothing was acknowledged or closed."""

    samples: int
    median: float | None
    p90: float | None


def county(session: Session, code: str) -> County | None:
    return session.get(County, code)


def advanced_at(session: Session) -> datetime | None:
    """When the slowest pipeline last turned messages into alerts; None before the first run."""
    slowest: datetime | None = session.execute(select(func.min(Partition.advanced_at))).scalar_one()
    return slowest


def schools(session: Session) -> list[SchoolRow]:
    statement = (
        select(School, Township)
        .join(Township, col(Township.code) == col(School.township))
        .order_by(col(School.code))
    )
    return [SchoolRow(school, township) for school, township in session.execute(statement)]


def count_schools(session: Session) -> int:
    return int(session.execute(select(func.count()).select_from(School)).scalar_one())


_OPEN_FIGURES: tuple[ColumnElement[Any], ...] = (
    func.count(),
    func.count(case((col(StoredAlert.acknowledged_at).is_(None), 1))),
    func.max(StoredAlert.raised_at),
)


def open_by_severity(session: Session) -> Mapping[str, OpenAlerts]:
    rows = session.execute(
        select(col(StoredAlert.severity), *_OPEN_FIGURES)
        .where(col(StoredAlert.closed_at).is_(None))
        .group_by(col(StoredAlert.severity))
    )
    return {severity: OpenAlerts(total, waiting, newest) for severity, total, waiting, newest in rows}


def open_by_school(session: Session) -> Mapping[str, Mapping[str, OpenAlerts]]:
    """School code -> severity -> its open alerts; schools without any have no entry."""
    rows = session.execute(
        select(col(StoredAlert.school), col(StoredAlert.severity), *_OPEN_FIGURES)
        .where(col(StoredAlert.closed_at).is_(None))
        .group_by(col(StoredAlert.school), col(StoredAlert.severity))
    )
    found: dict[str, dict[str, OpenAlerts]] = {}
    for school, severity, total, waiting, newest in rows:
        found.setdefault(school, {})[severity] = OpenAlerts(total, waiting, newest)
    return found


def closed_since(session: Session, since: datetime) -> int:
    statement = select(func.count()).where(col(StoredAlert.closed_at) >= since)
    return int(session.execute(statement).scalar_one())


def newest_alerts(
    session: Session, limit: int, *, open_only: bool = False
) -> Sequence[tuple[StoredAlert, School]]:
    """The newest alerts, newest first, each with its school."""
    statement = (
        select(StoredAlert, School)
        .join(School, col(School.code) == col(StoredAlert.school))
        .order_by(col(StoredAlert.id).desc())
        .limit(limit)
    )
    if open_only:
        statement = statement.where(col(StoredAlert.closed_at).is_(None))
    return [(first, second) for first, second in session.execute(statement)]


def devices_by_school(session: Session, seen_since: datetime) -> Mapping[str, DeviceTotals]:
    """Devices in use (not retired); online = heard of at or after `seen_since`, fresh = not yet adopted."""
    rows = session.execute(
        select(col(Device.school), *_device_figures(seen_since))
        .where(col(Device.condition) != "retired")
        .group_by(col(Device.school))
    )
    return {school: DeviceTotals(*totals) for school, *totals in rows}


def devices_by_format(session: Session, seen_since: datetime) -> Mapping[str, DeviceTotals]:
    rows = session.execute(
        select(col(Device.format), *_device_figures(seen_since))
        .where(col(Device.condition) != "retired")
        .group_by(col(Device.format))
    )
    return {name or "": DeviceTotals(*totals) for name, *totals in rows}


def _device_figures(seen_since: datetime) -> tuple[ColumnElement[Any], ...]:
    return (
        func.count(),
        func.count(case((col(Device.last_seen_at) >= seen_since, 1))),
        func.count(case((col(Device.condition) == "new", 1))),
        func.count(case((col(Device.condition) == "quarantined", 1))),
    )


def longest_silent(session: Session, seen_since: datetime, limit: int) -> Sequence[tuple[Device, School]]:
    """Devices in use that were not heard of since, the longest silent first; never heard of comes last."""
    statement = (
        select(Device, School)
        .join(School, col(School.code) == col(Device.school))
        .where(col(Device.condition) != "retired", col(Device.last_seen_at) < seen_since)
        .order_by(col(Device.last_seen_at), col(Device.school), col(Device.device))
        .limit(limit)
    )
    return [(first, second) for first, second in session.execute(statement)]


def acknowledge_times(session: Session, raised_since: datetime) -> Percentiles:
    """From raised to acknowledged, of the alerts raised since then that were acknowledged."""
    ended = col(StoredAlert.acknowledged_at)
    return _percentiles(session, ended, ended.is_not(None), raised_since)


def close_times(session: Session, raised_since: datetime) -> Percentiles:
    """From raised to closed by a person, of the alerts raised since then.

    Alerts that closed with their own resolve carry no disposition: nobody's speed is measured by them.
    """
    ended = col(StoredAlert.closed_at)
    by_person = ended.is_not(None) & col(StoredAlert.disposition).is_not(None)
    return _percentiles(session, ended, by_person, raised_since)


def _percentiles(
    session: Session, ended: Any, counted: ColumnElement[bool], raised_since: datetime
) -> Percentiles:
    """The database sorts and counts; only the two or three rows around each rank come back."""
    taken = (
        select(
            _seconds_between(session, col(StoredAlert.raised_at), ended).label("seconds"),
            func.count().over().label("samples"),
            func.row_number()
            .over(order_by=_seconds_between(session, col(StoredAlert.raised_at), ended))
            .label("rank"),
        )
        .where(col(StoredAlert.raised_at) >= raised_since, counted)
        .subquery()
    )
    rank, samples = taken.c.rank * 10, taken.c.samples
    # Doubled ranks keep to whole numbers: the middle one or two for the median, the nearest rank for p90.
    middle = (taken.c.rank * 2 >= samples) & (taken.c.rank * 2 <= samples + 2)
    ninth = (rank >= samples * 9) & (rank < samples * 9 + 10)
    rows = session.execute(select(taken.c.rank, samples, taken.c.seconds).where(middle | ninth)).all()
    if not rows:
        return Percentiles(0, None, None)
    return _ranked({int(number): float(seconds) for number, _, seconds in rows}, int(rows[0][1]))


def _ranked(seconds: Mapping[int, float], samples: int) -> Percentiles:
    median = (seconds[(samples + 1) // 2] + seconds[samples // 2 + 1]) / 2
    return Percentiles(samples, median, seconds[-(-samples * 9 // 10)])


def _seconds_between(session: Session, start: Any, end: Any) -> ColumnElement[Any]:
    if is_postgresql(session):
        return type_coerce(extract("epoch", end - start), Float)
    # On SQLite both are microseconds since 1970.
    return type_coerce(end, BigInteger) / 1_000_000.0 - type_coerce(start, BigInteger) / 1_000_000.0
