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


TERM = read_calendar(
    {
        "from": "2026-09-01",
        "until": "2027-01-20",
        "windows": ["08:00-17:00"],
        "weekdays": ["mon", "tue", "wed", "thu", "fri"],
        "except": ["2026-09-25", "2026-10-01/2026-10-08"],
        "also": ["2026-09-27", "2026-10-10"],
    },
    "term",
)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-08-31T10:00", False),
        ("2026-09-01T10:00", True),
        ("2026-09-05T10:00", False),
        ("2026-09-25T10:00", False),
        ("2026-09-27T10:00", True),
        ("2026-10-01T10:00", False),
        ("2026-10-08T10:00", False),
        ("2026-10-09T10:00", True),
        ("2026-10-10T10:00", True),
        ("2027-01-20T16:59", True),
        ("2027-01-21T10:00", False),
    ],
)
def test_a_term_with_its_holidays_and_made_up_days(local, expected):
    assert is_active(TERM, datetime.fromisoformat(local).replace(tzinfo=CHINA), CHINA) is expected


def test_the_next_change_is_found_across_a_vacation():
    summer = datetime(2026, 2, 1, tzinfo=CHINA)
    assert next_change(TERM, summer, CHINA) == datetime(2026, 9, 1, 8, tzinfo=CHINA)
    assert next_change(TERM, datetime(2026, 9, 30, 18, tzinfo=CHINA), CHINA) == datetime(
        2026, 10, 9, 8, tzinfo=CHINA
    )
    assert next_change(TERM, datetime(2027, 2, 1, tzinfo=CHINA), CHINA) is None


def test_an_exam_is_dates_alone():
    exam = read_calendar({"weekdays": [], "also": ["2027-06-07/2027-06-09"], "windows": ["07:00-18:00"]}, "x")
    assert is_active(exam, datetime(2027, 6, 8, 9, tzinfo=CHINA), CHINA)
    assert not is_active(exam, datetime(2027, 6, 10, 9, tzinfo=CHINA), CHINA)
    assert not is_active(exam, datetime(2027, 6, 15, 9, tzinfo=CHINA), CHINA)


def test_the_night_of_the_last_day_lasts_until_the_morning():
    nights = read_calendar({"until": "2026-09-04", "windows": ["22:00-06:00"]}, "x")
    assert is_active(nights, datetime(2026, 9, 5, 5, tzinfo=CHINA), CHINA)
    assert not is_active(nights, datetime(2026, 9, 5, 23, tzinfo=CHINA), CHINA)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"from": "2026-9-1"}, "write it as 2026-09-01"),
        ({"from": "2026-09-02", "until": "2026-09-01"}, "is earlier than from"),
        ({"also": "2026-09-01"}, "is a list of dates"),
        ({"except": ["2026-10-08/2026-10-01"]}, "ends before it begins"),
        ({"except": [5]}, "is no date"),
        ({"weekdays": [], "windows": ["08:00-09:00"]}, "is a list out of"),
        ({"also": ["2026-09-01"], "untill": "2026-09-01"}, "unknown field"),
    ],
)
def test_dates_that_cannot_be_meant(value, reason):
    with pytest.raises(Refused) as refused:
        read_calendar(value, "x")
    assert any(reason in text for _, text in refused.value.problems)
