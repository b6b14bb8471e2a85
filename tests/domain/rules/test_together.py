"""Rule kind together: all parts within a short time, in any order, and their end by silence."""

from datetime import timedelta
from itertools import permutations

import pytest

from safety_service.domain.errors import Refused
from tests.domain.rules.world import START, at, engine, event, play, rules, told

PAIR = (
    "kind: together, all: [{kind: motion}, {kind: door_open}], within: 1m, severity: major,"
    " key: [school, zone]"
)
THREE = PAIR.replace("{kind: door_open}", "{kind: door_open}, {kind: vibration}")
PANIC = PAIR.replace("motion", "panic_button")


def test_both_within_the_time_raise_and_silence_ends_it():
    found = play(engine(PAIR), [event(0, "motion"), event(0.5, "door_open")], 60)
    assert found == [(0.5, "firing", "major"), (10.5, "resolved", "major")]


def test_too_far_apart_raises_nothing():
    assert play(engine(PAIR), [event(0, "motion"), event(1.5, "door_open")], 60) == []


def test_the_very_end_of_the_time_still_counts():
    assert play(engine(PAIR), [event(0, "motion"), event(1, "door_open")], 2) == [(1, "firing", "major")]


def test_a_later_one_of_the_first_part_counts():
    events = [event(0, "motion"), event(5, "motion"), event(5.5, "door_open")]
    assert play(engine(PAIR), events, 6) == [(5.5, "firing", "major")]


@pytest.mark.parametrize(
    "order", list(permutations([(0.0, "motion"), (0.4, "door_open"), (0.9, "vibration")]))
)
def test_any_order_of_arrival_will_do(order):
    events = [event(1 + n / 100, kind, occurred=occurred) for n, (occurred, kind) in enumerate(order)]
    assert [one[1] for one in play(engine(THREE), events, 2)] == ["firing"]


def test_one_part_alone_is_not_enough_however_often():
    assert play(engine(PAIR), [event(n / 10, "motion") for n in range(50)], 60) == []


def test_each_key_by_itself():
    events = [event(0, "motion", zone="a"), event(0.1, "door_open", zone="b")]
    assert play(engine(PAIR), events, 60) == []


def test_the_rules_own_match_holds_for_every_part():
    rule = PAIR + ", match: {zone: dormitory}"
    inside = [event(0, "motion", zone="dormitory"), event(0.1, "door_open", zone="dormitory")]
    assert [one[1] for one in play(engine(rule), inside, 1)] == ["firing"]
    assert (
        play(engine(rule), [event(0, "motion", zone="gate"), event(0.1, "door_open", zone="gate")], 1) == []
    )


def test_again_is_a_repeat_and_puts_the_end_off():
    events = [event(0, "motion"), event(0.5, "door_open"), event(5, "motion"), event(5.2, "door_open")]
    found = play(engine(PAIR), events, 60)
    assert found == [(0.5, "firing", "major"), (5.2, "again", "major"), (15.2, "resolved", "major")]


def test_late_news_of_what_is_over_only_counts_unless_life_is_at_stake():
    for rule, first, mark in ((PAIR, "motion", "late"), (PANIC, "panic_button", "late")):
        running = engine(rule)
        play(running, [event(0, first), event(0.5, "door_open")], 11)
        late = running.observe([event(12, "door_open", occurred=0.2)], at(12))
        assert told(late)[0][1] == mark
    running = engine(PANIC)
    play(running, [event(0, "panic_button"), event(0.5, "door_open")], 11)
    pressed = running.observe([event(12, "panic_button", occurred=0.4)], at(12))
    assert pressed[0].edge
    assert pressed[0].late


def test_what_was_kept_and_said_again_is_nothing_new():
    events = [event(0, "motion"), event(0.5, "door_open", retained=True), event(0.6, "door_open", "state")]
    assert play(engine(PAIR), events, 60) == []


def test_a_restart_puts_the_end_off_and_what_was_half_seen_is_kept():
    running = engine(PAIR)
    running.observe([event(0, "motion")], at(0))
    stored = [(rule, key, state) for rule, key, state in running.drain_changes() if state is not None]
    second = engine(PAIR)
    second.load(stored, [])
    assert told(second.observe([event(0.5, "door_open")], at(0.5))) == [(0.5, "firing", "major")]
    second.deaf(at(1), at(6), restart=True)
    assert told(second.tick(at(60))) == [(15.5, "resolved", "major")]


def test_nothing_is_remembered_for_ever():
    running = engine(PAIR)
    running.observe([event(0, "motion")], at(0))
    running.drain_changes()
    running.tick(START + timedelta(days=1))
    assert [state for _, _, state in running.drain_changes()] == [None]


def test_only_events_of_its_kinds_are_looked_at():
    """The cost of an event does not grow with rules that name other kinds."""
    running = engine(PAIR)
    assert set(running._by_kind) == {"motion", "door_open"}
    assert running._of_any_kind == ()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (PAIR.replace("within: 1m", "within: 0s"), "longer than nothing"),
        (PAIR.replace(", {kind: door_open}", ""), "at least 2 items"),
        (PAIR.replace("door_open", "door_opened"), "did you mean 'door_open'"),
        (PAIR.replace("{kind: door_open}", "{}"), "is empty"),
    ],
)
def test_what_cannot_be_meant_is_refused(body, reason):
    with pytest.raises(Refused) as refused:
        rules(body)
    assert any(reason in problem for _, problem in refused.value.problems), refused.value.problems


def test_doubts_are_told():
    doubtful = rules(
        PAIR + ", match: {kind: smoke}",
        PAIR.replace("{kind: door_open}", "{kind: motion}"),
        PAIR.replace("{kind: door_open}", "{zone: gate}"),
    )
    reasons = [reason for _, reason in doubtful.warnings]
    assert "asks for other kinds than match does: this rule can never fire" in reasons
    assert "says the same as a part before it: one event is both" in reasons
    assert "is seen in events of every kind; name a kind" in reasons
