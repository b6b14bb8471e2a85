"""What ends and comes back again and again: one alert, its count, a mark, and few messages."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from safety_service.domain.types import LIFE_SAFETY_KINDS, Alert

GAP = timedelta(minutes=1)
"""What fires again within this time after its end is flapping: it is told only once it has lasted as long."""


def flapping(alert: Alert, at: datetime) -> dict[str, Any]:
    """The mark of an alert that fires again at `at`: how often it came back, and until when nobody is told.

    Empty where it stayed away for long enough. Life is at stake in some kinds: of these everything is told.
    """
    if alert.kind in LIFE_SAFETY_KINDS or alert.resolved_at is None or at - alert.resolved_at > GAP:
        return {}
    return {"flapping_until": (at + GAP).isoformat(), "flaps": alert.detail.get("flaps", 0) + 1}


def flapping_mark(alert: Alert) -> dict[str, Any]:
    """The mark that the alert bears at this instant, for the history of a step that it takes now."""
    until = alert.detail.get("flapping_until")
    return {} if until is None else {"flapping_until": until}


def flaps_until(detail: Mapping[str, Any]) -> datetime | None:
    """Until when an alert with this detail is not told; None where it never flapped."""
    until = detail.get("flapping_until")
    return datetime.fromisoformat(until) if isinstance(until, str) else None
