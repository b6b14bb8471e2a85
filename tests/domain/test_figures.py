"""The figures of handled alerts: every definition, with the times of clocks that were set back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.figures import Handling, Range, Times, figures_of, range_of, times_of

NOW = datetime(2026, 9, 1, tzinfo=UTC)
SECOND = 1_000_000


def handling(**fields):
    usual: dict[str, Any] = {
        "alert": 1,
        "open_since": NOW - timedelta(hours=1),
        "matches": 1,
        "acknowledged": False,
        "acknowledge": None,
        "close": None,
        "closed_by": None,
        "disposition": None,
        "touched": False,
        "group": (),
    }
    if "close" in fields:
        usual["open_since"] = None
    return Handling(**usual | fields)


def figures(*alerts):
    [found] = figures_of(alerts, NOW - timedelta(minutes=30))
    return found


@pytest.mark.parametrize(
    ("seconds", "median", "p90"),
    [
        ([5], 5, 5),
        ([1, 2], 1.5, 2),
        ([3, 1, 2], 2, 3),
        ([10, 20, 30, 40], 25, 40),
        (list(range(1, 11)), 5.5, 9),
        (list(range(1, 12)), 6, 10),
        (list(range(100, 0, -1)), 50.5, 90),
        ([0.000001, 0.000002], 0.0000015, 0.000002),
    ],
)
def test_the_median_is_the_middle_and_p90_the_nearest_rank(seconds, median, p90):
    found = times_of([round(one * SECOND) for one in seconds])
    assert found.samples == len(seconds)
    assert [found.median, found.p90] == pytest.approx([median, p90])


def test_without_a_sample_there_is_no_time():
    assert times_of([]) == Times(0, None, None)


def test_a_close_by_a_person_is_measured_and_one_of_its_own_is_not():
    found = figures(
        handling(close=60 * SECOND, closed_by="duty", disposition="confirmed", touched=True),
        handling(close=5 * SECOND, closed_by="system"),
    )
    assert found.close == Times(1, 60, 60)
    assert (found.alerts, found.closed_by_people) == (2, 1)


def test_a_clock_that_was_set_back_makes_nobody_quicker_than_at_once():
    found = figures(handling(acknowledge=-3 * SECOND, acknowledged=True, touched=True))
    assert found.acknowledge == Times(1, 0, 0)


def test_false_alarms_are_a_share_of_what_people_closed():
    closed = {"close": SECOND, "closed_by": "duty", "touched": True}
    found = figures(
        *(handling(**closed, disposition=word) for word in ("false_alarm", "confirmed", "drill")),
        handling(close=SECOND, closed_by="system"),
        handling(),
    )
    assert (found.false_alarms, found.closed_by_people, found.false_alarm_percent) == (1, 3, 33.3)
    assert figures(handling()).false_alarm_percent is None


@pytest.mark.parametrize(
    ("fields", "waiting", "unseen"),
    [
        ({}, 1, 0),
        ({"open_since": NOW - timedelta(minutes=30)}, 1, 0),
        ({"open_since": NOW - timedelta(minutes=29)}, 0, 0),
        ({"acknowledged": True, "acknowledge": SECOND, "touched": True}, 0, 0),
        # Claimed once, then reopened: nobody is on it now.
        ({"acknowledge": SECOND, "touched": True}, 1, 0),
        ({"close": SECOND, "closed_by": "system"}, 0, 1),
        ({"close": SECOND, "closed_by": "system", "touched": True}, 0, 0),
        ({"close": SECOND, "closed_by": "duty", "disposition": "test", "touched": True}, 0, 0),
    ],
)
def test_what_nobody_looked_at(fields, waiting, unseen):
    found = figures(handling(**fields))
    assert (found.waiting, found.unseen) == (waiting, unseen)


def test_groups_are_apart_and_count_their_matches():
    found = figures_of(
        [
            handling(alert=7, matches=50, group=("a",)),
            handling(alert=3, matches=2, group=("a",)),
            handling(alert=5, group=("b",)),
        ],
        NOW,
    )
    assert {(one.group, one.alerts, one.counted, one.newest) for one in found} == {
        (("a",), 2, 52, 7),
        (("b",), 1, 1, 5),
    }


def test_the_usual_range_is_thirty_days_and_open_at_its_end():
    assert range_of(None, None, NOW) == Range(NOW - timedelta(days=30), None)
    until = NOW - timedelta(days=100)
    assert range_of(None, until, NOW) == Range(until - timedelta(days=30), until)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (NOW, NOW),
        (NOW, NOW - timedelta(seconds=1)),
        (NOW + timedelta(days=1), None),
        (NOW - timedelta(days=401), NOW),
        (NOW - timedelta(days=401), None),
    ],
)
def test_an_empty_or_endless_range_is_refused(since, until):
    with pytest.raises(Refused) as refused:
        range_of(since, until, NOW)
    assert refused.value.place == "query.from"
