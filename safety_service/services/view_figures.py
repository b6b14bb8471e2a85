"""How a figure of the wall screen is written: its value, its share, and the address behind it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from safety_service.domain.types import SEVERITIES
from safety_service.services import view_shapes as shapes
from safety_service.store import view as rows
from safety_service.store.rule_states import decode_key
from safety_service.store.tables import School, StoredAlert

API = "/api/v1"
LEVELS: tuple[str, ...] = SEVERITIES


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def maybe(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def link(path: str, query: Mapping[str, str | datetime]) -> str:
    """The address of a list; times are written so that no `+` can be read as a blank."""
    named = {
        name: rfc3339(value).replace("+00:00", "Z") if isinstance(value, datetime) else value
        for name, value in query.items()
    }
    return f"{API}/{path}?{urlencode(named, safe=':')}" if named else f"{API}/{path}"


def figure(value: float | None, path: str, query: Mapping[str, str | datetime]) -> shapes.Figure:
    return {"value": value, "list": link(path, query)}


def open_figure(found: rows.OpenAlerts | None, severity: str) -> shapes.OpenFigure:
    return {
        "value": found.total if found else 0,
        "unacknowledged": found.unacknowledged if found else 0,
        "list": link("alerts", {"open": "true", "severity": severity}),
    }


def open_total(figures: Mapping[str, shapes.OpenFigure]) -> shapes.OpenFigure:
    return {
        "value": sum(found["value"] or 0 for found in figures.values()),
        "unacknowledged": sum(found["unacknowledged"] for found in figures.values()),
        "list": link("alerts", {"open": "true"}),
    }


def share(part: int, total: int, path: str, query: Mapping[str, str | datetime]) -> shapes.Share:
    percent = round(part * 100 / total, 1) if total else None
    return {"value": part, "total": total, "percent": percent, "list": link(path, query)}


def device_sums(figures: Mapping[str, rows.DeviceTotals]) -> tuple[int, int]:
    """Devices online and devices in all."""
    return sum(row.online for row in figures.values()), sum(row.total for row in figures.values())


def times(found: rows.Percentiles) -> shapes.Times:
    return {
        "samples": found.samples,
        "median_seconds": tenths(found.median),
        "p90_seconds": tenths(found.p90),
    }


def tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def worst(open_alerts: Mapping[str, rows.OpenAlerts]) -> str | None:
    return next((name for name in LEVELS if name in open_alerts), None)


def point(school: School) -> dict[str, Any] | None:
    if school.longitude is None or school.latitude is None:
        return None
    return {"type": "Point", "coordinates": [school.longitude, school.latitude]}


def alert_row(alert: StoredAlert, school: School) -> shapes.AlertRow:
    return {
        "id": alert.id,
        "rule": alert.rule,
        "key": list(decode_key(alert.key)),
        "school": alert.school,
        "school_name_zh": school.name_zh,
        "school_name_en": school.name_en,
        "device": alert.device,
        "zone": alert.zone,
        "kind": alert.kind,
        "title": alert.title,
        "severity": alert.severity,
        "condition": alert.condition,
        "raised_at": rfc3339(alert.raised_at),
        "last_seen_at": rfc3339(alert.last_seen_at),
        "resolved_at": maybe(alert.resolved_at),
        "count": alert.count,
        "acknowledged_at": maybe(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "assignee": alert.assignee,
        "closed_at": maybe(alert.closed_at),
        "closed_by": alert.closed_by,
        "disposition": alert.disposition,
        "suppressed_by": alert.suppressed_by,
        "snapshot_url": alert.snapshot_url,
        "list": link(f"alerts/{alert.id}/transitions", {}),
    }
