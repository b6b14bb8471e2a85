"""Calendars: windows over midnight, weekdays, time zones, the next opening."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from safety_service.domain.calendars import BUILT_IN, is_active, next_change, read_calendar
from safety_service.domain.errors import Refused

CHINA = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("name", "local", "expected"),
    [
        ("night", "2026-09-01T22:00", True),
        ("night", "2026-09-01T21:59:59.999", False),
        ("night", "2026-09-01T05:59", True),
        ("night", "2026-09-01T06:00", False),
        ("arrival", "2026-09-01T06:40", True),
        ("arrival", "2026-09-01T08:00", False),
        ("arrival", "2026-09-05T07:00", False),
        ("dismissal", "2026-09-01T16:30", True),
        ("school_hours", "2026-09-06T10:00", False),
    ],
)
def test_built_in(name, local, expected):
    at = datetime.fromisoformat(local).replace(tzinfo=CHINA)
    assert is_active(BUILT_IN[name], at, CHINA) is expected
    assert is_active(BUILT_IN[name], at.astimezone(UTC), CHINA) is expected


def test_a_window_over_midnight_belongs_to_the_day_it_starts():
    calendar = read_calendar({"windows": ["22:00-02:00"], "weekdays": ["sat"]}, "x")
    assert is_active(calendar, datetime(2026, 9, 6, 1, 0, tzinfo=CHINA), CHINA)
    assert not is_active(calendar, datetime(2026, 9, 5, 1, 0, tzinfo=CHINA), CHINA)


def test_next_change():
    friday_evening = datetime(2026, 9, 4, 19, 0, tzinfo=CHINA)
    assert next_change(BUILT_IN["school_hours"], friday_evening, CHINA) == datetime(
        2026, 9, 7, 8, tzinfo=CHINA
    )
    midnight = datetime(2026, 9, 4, 0, 0, tzinfo=CHINA)
    assert next_change(BUILT_IN["night"], midnight, CHINA) == datetime(2026, 9, 4, 6, tzinfo=CHINA)


def test_a_calendar_that_is_always_open_never_changes():
    calendar = read_calendar({"windows": ["00:00-24:00"]}, "x")
    assert is_active(calendar, datetime(2026, 9, 6, tzinfo=CHINA), CHINA)
    assert next_change(calendar, datetime(2026, 9, 6, tzinfo=CHINA), CHINA) is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"windows": []},
        {"windows": ["25:00-26:00"]},
        {"windows": ["08:00"]},
        {"windows": ["08:00-08:00"]},
        {"windows": ["08:00-09:00"], "weekdays": ["monday"]},
        {"windows": ["08:00-09:00"], "weekdays": []},
        {"windows": ["08:00-09:00"], "days": ["mon"]},
    ],
)
def test_refused(value):
    with pytest.raises(Refused):
        read_calendar(value, "term")
