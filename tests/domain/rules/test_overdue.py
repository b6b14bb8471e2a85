"""Rule kind overdue: due times to the instant, one alert for each obligation, whatever is restarted."""

from random import Random
from typing import Any

import msgspec
import pytest

from safety_service.domain.obligations import Obligation
from safety_service.domain.rules.engine import Engine
from tests.domain.rules.world import at, engine, told

LATE = "kind: overdue, of: duty, severity: minor, raise: [{severity: major, late_by: 1h}]"


def owed(name: str = "a", due: float = 60, **fields: Any) -> Obligation:
    content: dict[str, Any] = {"of": "duty", "school": "s-1", "title": {"zh": "甲", "en": "A"}}
    return Obligation(id=name, due_at=at(due), **(content | fields))


def started(body: str, *obligations: Obligation) -> Engine:
    running = engine(body)
    running.load([], [], obligations)
    running.tick(at(0))
    return running


def restarted(body: str, before: Engine, *obligations: Obligation) -> Engine:
    after = engine(body)
    after.load([(rule, key, state) for rule, key, state in before.drain_changes() if state], [], obligations)
    return after


def test_it_is_late_at_its_due_time_and_graver_later():
    running = started(LATE, owed())
    assert told(running.tick(at(59.9))) == []
    assert told(running.tick(at(200))) == [(60, "firing", "minor"), (120, "again", "major")]
    assert running.tick(at(9999)) == []


def test_each_obligation_has_its_own_alert_that_says_what_is_owed():
    running = started(LATE, owed("a"), owed("b", subject="c-1", type="drill"), owed("c", of="inspection"))
    first, second = running.tick(at(60))
    assert (first.key, second.key) == (("s-1", "a"), ("s-1", "b"))
    assert second.subject is not None
    assert (second.subject.kind, second.subject.device) == ("duty_overdue", "c-1")
    due_at = at(60).isoformat()
    assert second.detail == {
        "of": "duty",
        "obligation": "b",
        "type": "drill",
        "title": {"zh": "甲", "en": "A"},
        "due_at": due_at,
        "late_by": 0,
    }


@pytest.mark.parametrize(
    ("key", "whole"),
    [
        ("", ("school", "event_id")),
        (", key: [school, device]", ("school", "device", "event_id")),
        (", key: [event_id]", ("school", "event_id")),
    ],
)
def test_the_obligation_is_part_of_every_key(key, whole):
    assert engine(LATE + key).rules["r1"].key == whole


@pytest.mark.parametrize("over", [{"done_at": at(70)}, {"cancelled": True}])
def test_it_ends_when_it_is_done_or_owed_no_longer(over):
    running = started(LATE, owed())
    running.tick(at(60))
    found = running.owe([owed(**over)], at(75)) + running.tick(at(900))
    assert told(found) == [(75, "resolved", "minor")]
    assert [state for _, _, state in running.drain_changes()] == [None]


def test_what_is_done_in_time_leaves_no_trace():
    running = started(LATE, owed())
    assert running.owe([owed(done_at=at(60))], at(60)) + running.tick(at(900)) == []
    assert running.drain_changes() == []


def test_what_becomes_known_late_is_late_from_then_on():
    running = started(LATE)
    running.tick(at(100))
    assert running.owe([owed()], at(130)) == []
    # Both levels have passed: it is raised once, as grave as it is.
    assert told(running.tick(at(140))) == [(130, "firing", "major")]


def test_more_time_ends_it_and_less_time_brings_it_forward():
    running = started(LATE, owed())
    running.tick(at(60))
    found = running.owe([owed(due=300)], at(90)) + running.tick(at(299))
    assert told(found) == [(90, "resolved", "minor")]
    running.owe([owed(due=200, severity="critical")], at(299))
    assert told(running.tick(at(300))) == [(299, "firing", "critical")]


@pytest.mark.parametrize(
    ("own", "found"),
    [
        (None, [(60, "firing", "minor"), (120, "again", "major")]),
        ("warning", [(60, "firing", "warning"), (120, "again", "major")]),
        ("critical", [(60, "firing", "critical")]),
    ],
)
def test_an_obligation_with_a_severity_of_its_own_begins_with_that(own, found):
    assert told(started(LATE, owed(severity=own)).tick(at(500))) == found


def test_without_a_severity_the_first_level_raises():
    levels = "kind: overdue, of: duty, raise: [{severity: minor, late_by: 5m}]"
    assert told(started(levels, owed()).tick(at(500))) == [(65, "firing", "minor")]


@pytest.mark.parametrize(
    ("match", "hits"),
    [
        ("school: s-1", True),
        ("school: s-2", False),
        ("device: c-1", True),
        ("zone: c-1", True),
        ("attributes.type: drill", True),
        ("attributes.type: {not: [drill]}", False),
        ("attributes.subject: [c-2]", False),
    ],
)
def test_a_match_asks_who_owes_what(match, hits):
    running = started(f"{LATE}, match: {{{match}}}", owed(subject="c-1", type="drill"))
    assert bool(running.tick(at(60))) is hits


def test_a_restart_moves_no_due_time_however_long_it_lasted():
    before = started(LATE, owed())
    after = restarted(LATE, before, owed())
    after.deaf(at(10), at(5000), restart=True)
    assert told(after.tick(at(5000))) == [(60, "firing", "minor"), (120, "again", "major")]


def test_what_fires_is_remembered_and_not_raised_again():
    before = started(LATE, owed())
    before.tick(at(60))
    after = restarted(LATE, before, owed())
    assert told(after.tick(at(119))) == []
    assert told(after.tick(at(120))) == [(120, "again", "major")]


@pytest.mark.parametrize(("now", "ends"), [([], None), ([owed(due=300)], (300, "firing", "minor"))])
def test_what_ended_while_nobody_ran_ends_with_the_first_look(now, ends):
    before = started(LATE, owed())
    before.tick(at(60))
    after = restarted(LATE, before, *now)
    assert told(after.tick(at(80))) == [(80, "resolved", "minor")]
    assert told(after.tick(at(300))) == ([ends] if ends else [])


def test_only_what_fires_is_stored():
    running = started(LATE, owed("a"), owed("b", due=600))
    assert running.drain_changes() == []
    running.tick(at(60))
    ((_, key, state),) = running.drain_changes()
    assert key == ("s-1", "a")
    assert msgspec.json.decode(state or b"{}")["severity"] == "minor"


@pytest.mark.parametrize("seed", range(20))
def test_a_restart_after_any_step_changes_nothing(seed):
    """Some hours of things owed, changed, done and cancelled: killed after each step, or never."""
    dice = Random(seed)
    steps = []
    for minute in range(0, 400, 7):
        changes = [
            owed(
                dice.choice("abcd"),
                minute + dice.choice([-30, -1, 0, 20, 90]),
                severity=dice.choice([None, "warning", "critical"]),
                done_at=dice.choice([None, None, at(minute)]),
                cancelled=dice.random() < 0.1,
            )
            for _ in range(dice.randrange(3))
        ]
        steps.append((minute, changes))

    def play(kill: bool) -> list[Any]:
        running, found = started(LATE), []
        states: dict[Any, Any] = {}
        standing: dict[str, Obligation] = {}
        for minute, changes in steps:
            found += running.owe(changes, at(minute)) + running.tick(at(minute))
            standing |= {one.id: one for one in changes}
            for rule, key, state in running.drain_changes():
                states[rule, key] = state
            if kill:
                running = engine(LATE)
                kept = [(rule, key, state) for (rule, key), state in states.items() if state]
                running.load(kept, [], [one for one in standing.values() if one.is_open])
        return [(one.key, one.condition, one.severity, one.at) for one in found]

    unbroken = play(kill=False)
    assert unbroken
    assert play(kill=True) == unbroken
