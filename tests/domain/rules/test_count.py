"""Rule kind count: levels, the sliding window, distinct values, late news, downtimes."""

from datetime import timedelta
from itertools import permutations

import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.types import Event
from tests.domain.rules.world import START, at, engine, event, play, reading, rules, told

KNOCKS = "kind: count, window: 10m, match: {kind: vibration}, raise: [{severity: major, at_least: 3}]"
LEVELS = (
    "kind: count, window: 10m, match: {kind: vibration},"
    " raise: [{severity: major, at_least: 5}, {severity: critical, at_least: 10}]"
)
PEOPLE = (
    "kind: count, window: 10m, match: {kind: stranger}, key: [school], distinct: device,"
    " raise: [{severity: minor, at_least: 3}]"
)


def knocks(*minutes: float) -> list[Event]:
    return [event(minute, "vibration") for minute in minutes]


def test_the_fifth_raises_and_the_tenth_raises_the_severity():
    found = play(engine(LEVELS), knocks(*(n / 10 for n in range(1, 11))), 5)
    raised = [one for one in found if one[1] != "again"]
    assert raised == [(0.5, "firing", "major")]
    assert [severity for _, _, severity in found] == ["major"] * 5 + ["critical"]


def test_one_less_raises_nothing():
    assert play(engine(LEVELS), knocks(0, 1, 2, 3), 60) == []


def test_the_window_is_open_at_its_far_end():
    assert play(engine(KNOCKS), knocks(0, 5, 10), 60) == []
    assert play(engine(KNOCKS), knocks(0.01, 5, 10), 10)[0] == (10, "firing", "major")


def test_it_resolves_when_the_window_holds_too_few():
    found = play(engine(KNOCKS), knocks(0, 1, 2), 60)
    assert found == [(2, "firing", "major"), (10, "resolved", "major")]


def test_further_matches_put_the_end_off():
    found = play(engine(KNOCKS), knocks(0, 1, 2, 9), 60)
    assert found == [(2, "firing", "major"), (9, "again", "major"), (11, "resolved", "major")]


def test_the_number_of_matches_is_told():
    found = engine(KNOCKS).observe(knocks(0, 1, 2), at(2))
    assert [(one.matches, one.detail) for one in found] == [(3, {"matches": 3})]


def test_each_key_is_counted_by_itself():
    events = [event(n, "vibration", device=f"d-{n % 2}") for n in range(4)]
    assert play(engine(KNOCKS), events, 60) == []


def test_an_update_an_end_and_what_is_retained_do_not_count():
    events = [
        event(0, "vibration", "start"),
        event(1, "vibration", "update"),
        event(2, "vibration", "end"),
        event(3, "vibration", "state"),
        event(4, "vibration", retained=True),
        event(5, "vibration"),
    ]
    assert play(engine(KNOCKS), events, 60) == []


def test_a_phase_that_the_match_names_counts():
    rule = KNOCKS.replace("{kind: vibration}", "{kind: vibration, phase: update}")
    events = [event(n, "vibration", "update") for n in range(3)]
    assert play(engine(rule), events, 3) == [(2, "firing", "major")]


def test_readings_count_where_their_value_matches():
    loud = "kind: count, window: 1h, match: {kind: noise, value: {above: 90}},"
    rule = loud + " raise: [{severity: minor, at_least: 2}]"
    events = [reading(n, value, kind="noise") for n, value in enumerate((95, 40, 99))]
    assert play(engine(rule), events, 5) == [(2, "firing", "minor")]


def test_only_different_values_count():
    same = [event(n, "stranger", device="cam-1") for n in range(5)]
    assert play(engine(PEOPLE), same, 60) == []
    different = [event(n, "stranger", device=f"cam-{n}") for n in range(3)]
    assert play(engine(PEOPLE), different, 60) == [(2, "firing", "minor"), (10, "resolved", "minor")]


def test_of_one_value_the_latest_time_counts():
    events = [
        event(minute, "stranger", device=name) for minute, name in [(0, "a"), (6, "b"), (8, "a"), (12, "c")]
    ]
    assert play(engine(PEOPLE), events, 60) == [(12, "firing", "minor"), (16, "resolved", "minor")]


@pytest.mark.parametrize("order", list(permutations((0.0, 4.0, 8.0, 16.0))))
def test_the_order_of_arrival_changes_nothing(order):
    """Three of them are in one window, whichever comes last."""
    running = engine(KNOCKS)
    events = [event(31 + n / 10, "vibration", occurred=occurred) for n, occurred in enumerate(order)]
    found = told(running.observe(events, at(32)))
    assert [one[1:] for one in found if one[1] == "firing"] == [("firing", "major")]


def test_late_news_of_what_is_over_only_counts():
    running = engine(KNOCKS)
    found = play(running, knocks(0, 1, 2), 11)
    assert found[-1] == (10, "resolved", "major")
    late = told(running.observe([event(12, "vibration", occurred=3)], at(12)))
    assert late == [(12, "late", "major")]


def test_a_restart_puts_the_end_off_by_its_length():
    running = engine(KNOCKS)
    running.observe(knocks(0, 1, 2), at(2))
    running.deaf(at(3), at(8), restart=True)
    assert told(running.tick(at(60))) == [(15, "resolved", "major")]


def test_after_a_long_downtime_the_window_begins_afresh():
    running = engine(KNOCKS, tolerance=timedelta(minutes=5))
    running.observe(knocks(0, 1, 2), at(2))
    running.deaf(at(3), at(9), restart=True)
    assert told(running.tick(at(60))) == [(19, "resolved", "major")]


def test_what_is_stored_goes_on_where_it_stopped():
    first, events = engine(KNOCKS), knocks(0, 1, 2)
    first.observe(events[:2], at(1))
    second = engine(KNOCKS)
    second.load([(rule, key, state) for rule, key, state in first.drain_changes() if state is not None], [])
    assert told(second.observe(events[2:], at(2))) == [(2, "firing", "major")]


def test_nothing_is_remembered_for_ever():
    running = engine(KNOCKS)
    running.observe(knocks(0, 1), at(1))
    running.drain_changes()
    running.tick(START + timedelta(days=1))
    assert [state for _, _, state in running.drain_changes()] == [None]


def test_what_is_remembered_does_not_grow_with_the_matches():
    running = engine(KNOCKS)
    running.observe(knocks(*(n / 100 for n in range(500))), at(6))
    [(_, _, state)] = running.drain_changes()
    assert state is not None
    assert len(state) < 600


def test_doubts_are_told():
    doubtful = rules(
        LEVELS.replace("at_least: 10", "at_least: 5"),
        "kind: count, window: 1m, raise: [{severity: minor, at_least: 1}]",
    )
    reasons = [reason for _, reason in doubtful.warnings]
    assert "major can never fire: critical needs no more" in reasons
    assert "counts everything that happens; name a kind" in reasons
    assert any(reason.startswith("at_least 1 fires for every match") for reason in reasons)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (KNOCKS.replace("10m", "0s"), "longer than nothing"),
        (KNOCKS.replace("at_least: 3", "at_least: 0"), "greater than or equal to 1"),
        (PEOPLE.replace("distinct: device", "distinct: devise"), "did you mean 'device'"),
    ],
)
def test_what_cannot_be_meant_is_refused(body, reason):
    with pytest.raises(Refused) as refused:
        rules(body)
    assert any(reason in problem for _, problem in refused.value.problems)
