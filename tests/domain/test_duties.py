"""Duties as data: which days and times they make, who owes them, what is refused, what is beyond a limit."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from safety_service.domain.calendars import BUILT_IN, read_calendar
from safety_service.domain.duties import Duty, occurrence_id, occurrences, owed, read_duty
from safety_service.domain.duty_records import breaches, read_evidence
from safety_service.domain.errors import Refused
from safety_service.domain.inspection_due import next_visit
from safety_service.domain.names import masked
from safety_service.services.duties import built_in

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 9, 1, tzinfo=UTC)  # a Tuesday, 8:00 in Shanghai
TITLE = {"zh": "甲", "en": "A"}


def duty(**fields: Any) -> Duty:
    content = {"title": TITLE, "role": TITLE, "recurrence": "FREQ=DAILY", "severity": "minor"}
    return read_duty("patrol", {**content, **fields}, "body")


def due(one: Duty, days: float = 7, zone: ZoneInfo = SHANGHAI, **calendars: Any) -> list[str]:
    """The local due times within some days from the start."""
    known = BUILT_IN | {name: read_calendar(content, name) for name, content in calendars.items()}
    found = occurrences(one, known, zone, START, START + timedelta(days=days))
    return [at.due_at.astimezone(zone).strftime("%m-%d %H:%M") for at in found]


def test_each_day_and_each_time_of_it():
    assert due(duty(due=["07:30", "12:00", "24:00"]), 1) == ["09-01 12:00", "09-02 00:00", "09-02 07:30"]


@pytest.mark.parametrize(
    ("recurrence", "found"),
    [
        ("FREQ=WEEKLY;BYDAY=FR", ["09-04 12:00", "09-11 12:00", "09-18 12:00", "09-25 12:00", "10-02 12:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["09-30 12:00"]),
        ("FREQ=YEARLY;BYMONTH=2,8;BYMONTHDAY=-1", []),
        (None, []),
    ],
)
def test_days_by_recurrence(recurrence, found):
    assert due(duty(recurrence=recurrence, due=["12:00"]), 35) == found


def test_only_on_days_on_which_school_is_kept():
    one = duty(days=["term", "school_hours"], due=["12:00"])
    working = ["09-01", "09-02", "09-03", "09-04", "09-07"]
    assert due(one) == [f"{day} 12:00" for day in working]
    term = {"from": "2026-09-03", "weekdays": ["mon", "tue", "wed", "thu", "fri"], "also": ["2026-09-06"]}
    assert due(one, term=term) == ["09-03 12:00", "09-04 12:00", "09-06 12:00", "09-07 12:00"]


def test_without_its_calendar_an_exam_has_no_day():
    one = duty(days=["exam"], due=["06:00", "18:00"])
    assert due(one) == []
    assert due(one, exam={"from": "2026-09-05", "until": "2026-09-05"}) == ["09-05 06:00", "09-05 18:00"]


def test_times_are_those_of_the_wall_clock_of_the_school():
    berlin = ZoneInfo("Europe/Berlin")
    (at,) = occurrences(
        duty(due=["12:00"], window="2h", grace="30m", made_up_within="1d"),
        BUILT_IN,
        berlin,
        START,
        START + timedelta(days=1),
    )
    assert at.due_at == datetime(2026, 9, 1, 10, 0, tzinfo=UTC)
    assert (at.due_at - at.opens_at, at.overdue_at - at.due_at) == (timedelta(hours=2), timedelta(minutes=30))
    assert at.lapses_at - at.due_at == timedelta(days=1)


def test_looking_twice_makes_the_same_occurrences():
    one = duty(due=["12:00"])
    whole = list(occurrences(one, BUILT_IN, SHANGHAI, START, START + timedelta(days=4)))
    parts = [
        at
        for day in range(4)
        for at in occurrences(
            one, BUILT_IN, SHANGHAI, START + timedelta(days=day), START + timedelta(days=day + 1)
        )
    ]
    assert parts == whole
    assert occurrence_id(one, "s-1-c1", whole[0]) == "patrol/s-1-c1/20260901T0400Z"


def test_what_is_owed_names_its_duty_and_is_late_after_the_grace():
    one = duty(due=["12:00"], grace="30m", severity="major")
    at = next(occurrences(one, BUILT_IN, SHANGHAI, START, START + timedelta(days=1)))
    found = owed(one, "s-1", "s-1-c1", {"zh": "食堂", "en": "Canteen"}, at)
    assert (found.of, found.type, found.subject, found.severity) == ("duty", "patrol", "s-1-c1", "major")
    assert found.due_at == datetime(2026, 9, 1, 4, 30, tzinfo=UTC)
    assert found.title == {"zh": "食堂 甲（09-01 12:00）", "en": "Canteen, A (09-01 12:00)"}


@pytest.mark.parametrize(
    ("fields", "concerned"),
    [
        ({}, True),
        ({"kinds": ["kindergarten"]}, False),
        ({"kinds": ["primary"]}, True),
        ({"kinds_except": ["primary"]}, False),
        ({"schools": ["s-2"]}, False),
        ({"schools": ["s-1"]}, True),
        ({"enabled": False}, False),
    ],
)
def test_which_schools_owe_it(fields, concerned):
    assert duty(**fields).concerns("s-1", "primary") is concerned


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sevrity": "minor"}, "unknown field 'sevrity'"),
        ({"severity": "loud"}, "'loud' is not one of"),
        ({"title": {"zh": "甲"}}, "en is missing"),
        ({"recurrence": "FREQ=DAYLY"}, "no recurrence rule"),
        ({"recurrence": "FREQ=HOURLY"}, "names days"),
        ({"recurrence": "FREQ=DAILY;BYHOUR=3"}, "names days"),
        ({"recurrence": "FREQ=DAILY\nDTSTART:20260101"}, "nothing else"),
        ({"due": ["25:00"]}, "no time of day"),
        ({"due": []}, "at least 1 item"),
        ({"due": ["12:00", "12:00"]}, "twice"),
        ({"window": "0s"}, "longer than nothing"),
        ({"grace": "soon"}, "is no duration"),
        ({"per": "kitchen"}, "'kitchen' is not one of"),
        ({"evidence": [{"name": "a", "type": "text", "title": TITLE, "at_least": 3}]}, "only a number"),
        ({"evidence": [{"name": "A", "type": "text", "title": TITLE}]}, "match pattern"),
        ({"evidence": [{"name": "a", "type": "text", "title": TITLE}] * 2}, "twice"),
    ],
)
def test_what_is_no_duty(fields, reason):
    with pytest.raises(Refused) as refused:
        duty(**fields)
    assert any(place.startswith("body") and reason in why for place, why in refused.value.problems)


def test_a_duty_that_was_written_is_read_back():
    for one in built_in().values():
        written = one.model_dump(mode="json", exclude={"id"})
        assert read_duty(one.id, written, "body") == one


def test_the_duties_that_ship():
    ships = built_in()
    assert {"food-sample", "accompanied-meal", "daily-control", "weekly-check", "monthly-meeting"} <= set(
        ships
    )
    assert {"evacuation-drill", "fire-patrol", "gate-duty-arrival", "exam-playback-review"} <= set(ships)
    # Where nobody keeps records yet each of them would be a false alarm.
    assert not any(one.enabled for one in ships.values())
    kindergarten = [one.id for one in ships.values() if "kindergarten" in one.kinds]
    assert kindergarten == ["evacuation-drill-kindergarten"]


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ({"dishes": 3}, "evidence.grams"),
        ({"dishes": 3, "grams": "130"}, "evidence.grams"),
        ({"dishes": 3, "grams": True}, "evidence.grams"),
        ({"dishes": 3, "grams": -1}, "evidence.grams"),
        ({"dishes": 3, "grams": float("nan")}, "evidence.grams"),
        ({"dishes": 3, "grams": 130, "gram": 1}, "evidence.gram"),
    ],
)
def test_evidence_that_is_missing_or_wrong_is_named(sent, place):
    problems: list[tuple[str, str]] = []
    read_evidence(built_in()["food-sample"], sent, problems)
    assert [where for where, _ in problems] == [place]


@pytest.mark.parametrize(
    ("name", "evidence", "beyond"),
    [
        ("food-sample", {"dishes": 3, "grams": 125}, []),
        ("food-sample", {"dishes": 3, "grams": 124.9}, ["grams"]),
        ("food-sample", {"dishes": 0, "grams": 100}, ["dishes", "grams"]),
        ("food-sample-removal", {"hours": 48}, []),
        ("food-sample-removal", {"hours": 47.5}, ["hours"]),
        ("accompanied-meal", {"companion": "李敏"}, []),
    ],
)
def test_what_is_beyond_a_limit(name, evidence, beyond):
    problems: list[tuple[str, str]] = []
    one = built_in()[name]
    assert read_evidence(one, evidence, problems) == evidence
    assert problems == []
    assert [breach.name for breach in breaches(one, evidence)] == beyond


@pytest.mark.parametrize(("grade", "type"), [("良好", "良好"), (None, "none")])
def test_the_next_visit_is_owed_until_its_last_day_is_over(grade, type):
    name, visited_on, due_on = {"zh": "食堂", "en": "Canteen"}, START.date(), date(2027, 2, 28)
    found = next_visit(
        "s-1-c1", "s-1", name, visited_on=visited_on, grade=grade, due_on=due_on, zone=SHANGHAI
    )
    local = (found.due_at - timedelta(microseconds=1)).astimezone(SHANGHAI)
    assert local.isoformat().startswith("2027-02-28T23:59:59")
    assert (found.of, found.id, found.type) == ("inspection", "s-1-c1", type)


@pytest.mark.parametrize(
    ("name", "kept"), [("王丽", "王*"), ("欧阳小敏", "欧**"), (" Wang Li ", "W**"), ("李", "李")]
)
def test_of_a_name_little_is_kept(name, kept):
    assert masked(name) == kept
