"""Who is on duty, at every instant that matters."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety_service.domain.calendars import Window
from safety_service.domain.errors import Refused
from safety_service.domain.roster_reading import read_roster
from safety_service.domain.rosters import (
    Member,
    Override,
    Roster,
    Shift,
    check,
    duty_at,
    next_hand_over,
    sentence,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
MEMBERS = {name: Member(id=name, name=name.title(), channel=f"{name}-phone") for name in ("ada", "bo", "cy")}
SECOND = timedelta(seconds=1)
WEEKLY = Shift(members=("ada", "bo", "cy"), starts_on=date(2026, 9, 7), hand_over_at=time(8))
DAY, NIGHT = Window(time(8), time(20)), Window(time(20), time(8))


def roster(*shifts: Shift, zone: ZoneInfo = SHANGHAI, overrides: tuple[Override, ...] = ()) -> Roster:
    return Roster(id="duty", members=MEMBERS, shifts=shifts, zone=zone, overrides=overrides)


def local(*parts: int, zone: ZoneInfo = SHANGHAI, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=zone, fold=fold)  # type: ignore[misc,arg-type]


def who(of: Roster, at: datetime) -> str | None:
    member = duty_at(of, at).member
    return member.id if member is not None else None


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (local(2026, 9, 7, 7, 59, 59), None),
        (local(2026, 9, 7, 8), "ada"),
        (local(2026, 9, 14, 8) - SECOND, "ada"),
        (local(2026, 9, 14, 8), "bo"),
        (local(2026, 9, 21, 8), "cy"),
        (local(2026, 9, 28, 8) - SECOND, "cy"),
        (local(2026, 9, 28, 8), "ada"),
        (datetime(2026, 9, 28, 0, tzinfo=UTC), "ada"),
        (datetime(2026, 9, 27, 23, 59, 59, tzinfo=UTC), "cy"),
        (local(2027, 9, 6, 8), "bo"),
    ],
)
def test_a_weekly_turn_passes_exactly_at_its_hand_over(at: datetime, expected: str | None) -> None:
    assert who(roster(WEEKLY), at) == expected


def test_turns_of_any_number_of_days() -> None:
    every_other = Shift(members=("ada", "bo"), starts_on=date(2026, 9, 1), hand_over_at=time(0), days=2)
    seen = [who(roster(every_other), local(2026, 9, day, 12)) for day in range(1, 8)]
    assert seen == ["ada", "ada", "bo", "bo", "ada", "ada", "bo"]


def test_day_and_night_are_two_turns() -> None:
    day = Shift(members=("ada",), starts_on=date(2026, 9, 1), hand_over_at=time(8), windows=(DAY,))
    night = Shift(
        members=("bo", "cy"), starts_on=date(2026, 9, 1), hand_over_at=time(8), days=1, windows=(NIGHT,)
    )
    both = roster(day, night)
    times = [(2, 8, "ada"), (2, 19, "ada"), (2, 20, "cy"), (3, 7, "cy"), (3, 8, "ada"), (3, 20, "bo")]
    for day_of_month, hour, expected in times:
        assert who(both, local(2026, 9, day_of_month, hour)) == expected
    assert check(both, local(2026, 9, 2, 8), local(2026, 9, 30)) == []


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # 02:30 does not exist on this day: reckoned with the offset of before, it is 03:30 of summer time.
        (datetime(2026, 3, 29, 1, 29, 59, tzinfo=UTC), "cy"),
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "ada"),
        (local(2026, 3, 29, 3, 29, zone=BERLIN), "cy"),
        # 02:30 comes twice on this one: the first counts, and nothing is handed back at the second 02:10.
        (datetime(2026, 10, 25, 0, 29, 59, tzinfo=UTC), "cy"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "ada"),
        (local(2026, 10, 25, 2, 10, zone=BERLIN, fold=1), "ada"),
    ],
)
def test_the_clock_change_moves_no_turn_twice(at: datetime, expected: str) -> None:
    daily = Shift(members=("ada", "bo", "cy"), starts_on=date(2026, 3, 29), hand_over_at=time(2, 30), days=7)
    before = Shift(members=("cy",), starts_on=date(2026, 3, 1), hand_over_at=time(0))
    if at.month == 10:
        daily = Shift(members=("cy", "ada"), starts_on=date(2026, 10, 18), hand_over_at=time(2, 30))
    assert who(roster(daily, before, zone=BERLIN), at) == expected


def test_a_night_over_the_clock_change_has_no_hole() -> None:
    day = Shift(members=("ada",), starts_on=date(2026, 1, 1), hand_over_at=time(8), windows=(DAY,))
    night = Shift(members=("bo",), starts_on=date(2026, 1, 1), hand_over_at=time(8), windows=(NIGHT,))
    for month in (3, 10):
        start = local(2026, month, 20, zone=BERLIN)
        assert check(roster(day, night, zone=BERLIN), start, start + timedelta(days=10)) == []


def test_an_override_wins_and_ends_exactly() -> None:
    start, end = local(2026, 9, 9, 18), local(2026, 9, 10, 18)
    with_it = roster(WEEKLY, overrides=(Override(id=1, start=start, end=end, member="cy"),))
    seen = [who(with_it, at) for at in (start - SECOND, start, end - SECOND, end)]
    assert seen == ["ada", "cy", "cy", "ada"]
    assert (duty_at(with_it, start).override, duty_at(with_it, end).override) == (1, None)


def test_of_two_overrides_the_one_added_last_holds_also_over_a_hole() -> None:
    start, end = local(2026, 9, 1), local(2026, 9, 2)
    two = (
        Override(id=2, start=start, end=end, member="bo"),
        Override(id=1, start=start - timedelta(days=1), end=end + timedelta(days=1), member="cy"),
    )
    of = roster(WEEKLY, overrides=two)
    assert [who(of, at) for at in (start - SECOND, start, end)] == ["cy", "bo", "cy"]


def test_a_hole_is_told_from_when_to_when() -> None:
    weekdays = Shift(
        members=("ada",),
        starts_on=date(2026, 9, 7),
        hand_over_at=time(8),
        windows=(Window(time(0), time(0)),),
        weekdays=frozenset(range(5)),
    )
    of = roster(weekdays)
    found = check(of, local(2026, 9, 7, 6), local(2026, 9, 14, 12))
    assert [(one.kind, one.start, one.end) for one in found] == [
        ("hole", local(2026, 9, 7, 6), local(2026, 9, 7, 8)),
        ("hole", local(2026, 9, 12), local(2026, 9, 14)),
    ]
    expected = "nobody is on duty from 2026-09-12 00:00 to 2026-09-14 00:00 (Asia/Shanghai)"
    assert sentence(found[1], of) == expected


def test_an_overlap_names_who_and_whom_it_tells() -> None:
    second = Shift(members=("bo",), starts_on=date(2026, 9, 7), hand_over_at=time(8), windows=(NIGHT,))
    of = roster(Shift(members=("ada",), starts_on=date(2026, 9, 7), hand_over_at=time(8)), second)
    [found] = check(of, local(2026, 9, 8, 12), local(2026, 9, 9, 12))
    assert (found.kind, found.start, found.end) == ("overlap", local(2026, 9, 8, 20), local(2026, 9, 9, 8))
    assert who(of, local(2026, 9, 8, 22)) == "ada"
    assert sentence(found, of).startswith("Ada and Bo are on duty together from 2026-09-08 20:00")


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (local(2026, 9, 1), (local(2026, 9, 7, 8), "ada")),
        (local(2026, 9, 7, 8), (local(2026, 9, 14, 8), "bo")),
        (local(2026, 9, 14, 8) - SECOND, (local(2026, 9, 14, 8), "bo")),
        (local(2026, 9, 27, 8), (local(2026, 9, 28, 8), "ada")),
    ],
)
def test_the_next_hand_over(after: datetime, expected: tuple[datetime, str]) -> None:
    found = next_hand_over(roster(WEEKLY), after)
    assert found is not None
    assert found[1] is not None
    assert (found[0], found[1].id) == expected


def test_a_duty_that_never_passes_has_no_next_hand_over() -> None:
    alone = Shift(members=("ada",), starts_on=date(2026, 9, 7), hand_over_at=time(8))
    assert next_hand_over(roster(alone), local(2026, 9, 8)) is None
    into_a_hole = Shift(members=("ada",), starts_on=date(2026, 9, 7), hand_over_at=time(8), windows=(DAY,))
    assert next_hand_over(roster(into_a_hole), local(2026, 9, 8, 9)) == (local(2026, 9, 8, 20), None)


def test_a_long_turn_is_followed_to_its_end() -> None:
    long = Shift(members=("ada", "bo"), starts_on=date(2026, 1, 1), hand_over_at=time(0), days=90)
    found = next_hand_over(roster(long), local(2026, 1, 2))
    assert found is not None
    assert found[0] == local(2026, 4, 1)


CLOCKS = st.times().map(lambda one: one.replace(second=0, microsecond=0, minute=one.minute // 15 * 15))
WINDOWS = st.tuples(CLOCKS, CLOCKS).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Window(*pair))
SHIFTS = st.builds(
    Shift,
    members=st.lists(st.sampled_from(sorted(MEMBERS)), min_size=1, max_size=4).map(tuple),
    starts_on=st.dates(date(2026, 3, 1), date(2026, 4, 5)),
    hand_over_at=CLOCKS,
    days=st.integers(1, 9),
    windows=st.lists(WINDOWS, min_size=1, max_size=2).map(tuple),
    weekdays=st.sets(st.integers(0, 6), min_size=1).map(frozenset),
)


@settings(max_examples=60, deadline=None)
@given(
    shifts=st.lists(SHIFTS, min_size=1, max_size=3).map(tuple),
    minutes=st.lists(st.integers(0, 20 * 24 * 60 - 1), min_size=10, max_size=10),
    zone=st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/New_York")]),
)
def test_the_check_says_of_every_instant_what_the_duty_is(
    shifts: tuple[Shift, ...], minutes: list[int], zone: ZoneInfo
) -> None:
    of, start = roster(*shifts, zone=zone), datetime(2026, 3, 20, tzinfo=UTC)
    remarks = check(of, start, start + timedelta(days=20))
    for minute in minutes:
        at = start + timedelta(minutes=minute)
        duty = duty_at(of, at)
        told = [one.kind for one in remarks if one.start <= at < one.end]
        assert told == (["hole"] if duty.member is None else ["overlap"] if duty.others else [])


CONTENT: dict[str, Any] = {
    "timezone": "Asia/Shanghai",
    "members": [{"id": "ada", "name": "Ada", "channel": "ada-phone"}],
    "shifts": [{"members": ["ada"], "starts_on": "2026-09-07", "hand_over_at": "08:00"}],
}
SHIFT: dict[str, Any] = CONTENT["shifts"][0]


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"timezone": "Mars/Base"}, "body.timezone", "no time zone"),
        ({"members": []}, "body.members", "has members"),
        ({"members": CONTENT["members"] * 2}, "body.members[1].id", "already taken"),
        ({"shifts": []}, "body.shifts", "at least one shift"),
        ({"shifts": [{**SHIFT, "members": ["bo"]}]}, "body.shifts[0].members[0]", "known are ada"),
        ({"shifts": [{**SHIFT, "members": []}]}, "body.shifts[0].members", "in turn"),
        ({"shifts": [{**SHIFT, "starts_on": "soon"}]}, "body.shifts[0].starts_on", "no date"),
        ({"shifts": [{**SHIFT, "hand_over_at": "8"}]}, "body.shifts[0].hand_over_at", "no time of day"),
        ({"shifts": [{**SHIFT, "days": 0}]}, "body.shifts[0].days", "1 to 366"),
        ({"shifts": [{**SHIFT, "windows": ["20-8"]}]}, "body.shifts[0].windows[0]", "no time of day"),
        ({"shifts": [{**SHIFT, "weekdays": ["sunday"]}]}, "body.shifts[0].weekdays[0]", "one of mon"),
    ],
)
def test_a_wrong_roster_is_refused_with_its_place(change: dict[str, Any], place: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        read_roster("duty", {**CONTENT, **change}, "body")
    assert [words in reason for where, reason in refused.value.problems if where == place] == [True]


def test_a_roster_is_read_as_it_was_written() -> None:
    read = read_roster("duty", CONTENT, "body")
    assert (who(read, local(2026, 9, 7, 8)), who(read, local(2026, 9, 7, 8) - SECOND)) == ("ada", None)
