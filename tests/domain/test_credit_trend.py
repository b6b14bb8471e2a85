"""Where a cafeteria goes, and on which days its course is told."""

from datetime import date

import pytest

from safety_service.domain.credit_trend import month_ends, trend


@pytest.mark.parametrize(
    ("now", "before", "direction", "change"),
    [
        ("9.0", "8.7", "rising", "0.3"),
        ("9.0", "8.8", "steady", "0.2"),
        ("8.4", "8.7", "falling", "-0.3"),
        ("8.7", "8.7", "steady", "0.0"),
        (None, "8.7", "unknown", None),
        ("8.7", None, "unknown", None),
    ],
)
def test_trend(now: str | None, before: str | None, direction: str, change: str | None) -> None:
    found = trend(now, before)
    assert (found.direction, None if found.change is None else str(found.change)) == (direction, change)


def test_month_ends() -> None:
    assert month_ends(date(2026, 3, 15), 3) == [
        date(2025, 12, 31),
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 15),
    ]
    assert month_ends(date(2026, 3, 1), 1) == [date(2026, 2, 28), date(2026, 3, 1)]
