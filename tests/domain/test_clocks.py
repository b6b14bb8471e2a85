"""Learned clocks: what is believed, what is not, and what becomes of an event's time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safety_service.domain.clocks import UNREADABLE, Clock, corrected, learned, remembered, sighting
from safety_service.domain.types import Event

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
HOURS_8 = 8 * 3600.0


def after(*ahead: float, start: Clock | None = None) -> Clock:
    clock = start or Clock()
    for one in ahead:
        clock = learned(clock, one)
    return clock


def event(told: timedelta | None, **fields: Any) -> Event:
    told_at = None if told is None else NOW + told
    suspect = told_at is None or abs(told or timedelta(0)) > timedelta(minutes=5)
    content: dict[str, Any] = {
        "occurred_at": NOW if suspect else told_at,
        "clock_suspect": suspect,
        "source_time": "as written",
        "told_at": told_at,
    }
    return Event(
        school="s-1",
        device="d-1",
        kind="motion",
        phase="start",
        received_at=NOW,
        format="native",
        dedup_key="k",
        **{**content, **fields},
    )


@pytest.mark.parametrize(
    ("ahead", "offset", "wrong"),
    [
        ([HOURS_8] * 4, None, False),
        ([HOURS_8] * 5, HOURS_8, True),
        ([-180.0, -181.0, -179.0, -183.5, -180.2], -180.2, True),
        ([0.4, 0.2, 0.3, 1.0, 0.1], 0.3, False),
        # Two odd ones among seven move nothing.
        ([HOURS_8, HOURS_8, -900.0, HOURS_8, 0.0, HOURS_8, HOURS_8], HOURS_8, True),
        # A spool that is emptied: late, each less than the one before.
        ([-3600.0, -3000.0, -2400.0, -1800.0, -1200.0, -600.0, 0.0], None, False),
        # Times that are all over the future are no lateness.
        ([1e6, 2e6, 3e6, 4e6, 5e6], None, True),
        ([UNREADABLE] * 5, None, True),
        ([UNREADABLE] * 4, None, False),
    ],
)
def test_what_most_of_the_latest_sightings_agree_on(
    ahead: list[float], offset: float | None, wrong: bool
) -> None:
    clock = after(*ahead)
    assert (clock.offset, clock.wrong) == (offset, wrong)


def test_a_clock_that_was_set_right_is_believed_after_five_sightings() -> None:
    clock = after(*[HOURS_8] * 7)
    told = [(clock := learned(clock, 0.0)).offset for _ in range(5)]
    assert told == [HOURS_8, HOURS_8, None, None, 0.0]
    assert not clock.wrong


def test_small_changes_leave_the_offset_as_it_is() -> None:
    clock = after(*[100.0] * 5)
    assert after(*[101.5] * 7, start=clock).offset == 100.0
    assert after(*[103.0] * 7, start=clock).offset == 103.0


def test_after_a_restart_the_offset_holds_until_it_is_contradicted() -> None:
    clock = remembered(HOURS_8)
    assert clock.wrong
    assert after(0.0, 0.0, start=clock).offset == HOURS_8
    assert after(*[0.0] * 5, start=clock).offset == 0.0


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (event(timedelta(hours=8)), HOURS_8),
        (event(None), UNREADABLE),
        (event(None, source_time=None), None),
        (event(timedelta(0), retained=True), None),
    ],
)
def test_only_what_a_device_wrote_itself_is_a_sighting(given: Event, seen: float | None) -> None:
    assert sighting(given) == seen


@pytest.mark.parametrize(
    ("told", "offset", "occurred"),
    [
        (timedelta(hours=8, seconds=-20), HOURS_8, timedelta(seconds=-20)),
        # Never later than it came, and never more than five minutes before: as with a clock that is right.
        (timedelta(hours=8, seconds=20), HOURS_8, timedelta(0)),
        (timedelta(hours=7), HOURS_8, timedelta(0)),
        (timedelta(hours=8), None, timedelta(0)),
        (timedelta(hours=-1), 0.0, timedelta(0)),
    ],
)
def test_a_known_offset_is_taken_off(told: timedelta, offset: float | None, occurred: timedelta) -> None:
    judged = corrected(event(told), offset)
    assert judged.occurred_at - NOW == occurred
    assert judged.clock_suspect


def test_a_time_that_is_believed_stays_as_it_is() -> None:
    assert corrected(event(timedelta(minutes=-4)), HOURS_8).occurred_at == NOW - timedelta(minutes=4)


@pytest.mark.parametrize(
    ("told", "offset", "occurred", "suspect"),
    [
        (timedelta(hours=-3), None, timedelta(hours=-3), False),
        (timedelta(hours=5), HOURS_8, timedelta(hours=-3), False),
        (timedelta(hours=5), None, timedelta(0), True),
        (timedelta(days=-8), None, timedelta(0), True),
    ],
)
def test_what_a_broker_kept_is_as_old_as_it_says(
    told: timedelta, offset: float | None, occurred: timedelta, suspect: bool
) -> None:
    judged = corrected(event(told, retained=True), offset)
    assert (judged.occurred_at - NOW, judged.clock_suspect) == (occurred, suspect)
