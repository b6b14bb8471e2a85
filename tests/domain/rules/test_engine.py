"""The engine as a whole: order of timers, restarts, and that cutting into batches changes nothing."""

from datetime import UTC, timedelta
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from safety_service.domain.alerts import apply_findings
from safety_service.domain.rules.engine import Engine
from safety_service.domain.suppression import Quiet, Suppressor, mark
from tests.domain.rules.world import at, device, engine, event, reading, rules, told

EVENT = "kind: event, severity: major, quiet_for: 3m, match: {kind: intrusion}"
TEN = "kind: threshold, match: {kind: temperature}, raise: [{severity: minor, above: 8, for: 10m}]"
RULES = rules(
    EVENT,
    "kind: event, severity: critical, quiet_for: 5m, match: {kind: panic_button}",
    "kind: event, severity: minor, quiet_for: never, reopen_within: 1m, "
    "match: {kind: intrusion}, key: [school]",
    "kind: threshold, match: {kind: temperature}, clear: {at_or_below: 6, for: 2m}, "
    "raise: [{severity: critical, above: 12, for: 2m}, {severity: minor, above: 8, for: 4m}]",
    "kind: threshold, match: {kind: temperature}, keep_firing_for: 3m, "
    "raise: [{severity: warning, above: 10}]",
    "kind: absence, severity: minor, silent_for: 6m",
    "kind: absence, severity: minor, silent_for: 4m, match: {kind: heartbeat}",
    "kind: change, match: {kind: temperature}, raise: [{severity: minor, falls_by: 3}]",
    "kind: count, window: 3m, match: {kind: intrusion}, "
    "raise: [{severity: minor, at_least: 2}, {severity: major, at_least: 4}]",
    "kind: count, window: 5m, key: [school], distinct: device, match: {kind: [intrusion, panic_button]}, "
    "raise: [{severity: major, at_least: 2}]",
    "kind: together, within: 2m, all: [{kind: intrusion}, {kind: panic_button}], quiet_for: 4m, "
    "severity: critical, key: [school]",
    "kind: event, severity: minor, quiet_for: 2m, match: {kind: panic_button}, "
    "inhibited_by: [{rule: r1, equal: [school, device]}, {rule: r4}]",
)
QUIETS = [
    Quiet(cause="silence:1", starts_at=at(7), length=timedelta(minutes=9), zone=UTC, match={"device": "d-1"}),
    Quiet(
        cause="maintenance:2",
        starts_at=at(3),
        length=timedelta(minutes=4),
        zone=UTC,
        school="s-1",
        match={"kind": ["intrusion", "temperature"]},
        recurrence="FREQ=MINUTELY;INTERVAL=20",
    ),
]


def test_timers_fire_in_order_at_their_own_time():
    running = engine(TEN, EVENT)
    running.observe([reading(0, 9), event(1), reading(2, 9, device="d-2")], at(2))
    assert running.next_due() == at(4)
    assert told(running.tick(at(60))) == [
        (4, "resolved", "major"),
        (10, "firing", "minor"),
        (12, "firing", "minor"),
    ]


def test_a_timer_that_was_due_before_an_event_fires_before_it():
    running = engine(TEN)
    found = running.observe([reading(0, 9), reading(15, 3)], at(15))
    assert told(found) == [(10, "firing", "minor"), (15, "resolved", "minor")]


def test_arrival_that_runs_backwards_counts_as_the_latest_known():
    running = engine(EVENT)
    found = running.observe([event(5), event(2)], at(5))
    assert told(found) == [(5, "firing", "major"), (5, "again", "major")]


def test_a_downtime_moves_every_pending_timer_or_starts_it_afresh():
    for length, due in ((10, 20), (30, 40), (31, 46)):
        running = engine(TEN)
        running.observe([reading(0, 9)], at(0))
        running.deaf(at(5), at(5 + length), restart=True)
        assert running.next_due() == at(due), length
    running = engine(EVENT)
    running.observe([event(0)], at(0))
    running.deaf(at(1), at(11), restart=True)
    assert running.next_due() == at(13)
    running.deaf(at(12), at(72), restart=True)
    assert running.next_due() == at(75)


def test_a_lost_link_moves_no_threshold():
    running = engine(TEN)
    running.observe([reading(0, 9)], at(0))
    running.deaf(at(1), at(9), restart=False)
    assert running.next_due() == at(10)


def test_a_reading_after_a_short_downtime_changes_nothing_of_it():
    running = engine("kind: threshold, match: {kind: co2}, raise: [{severity: major, above: 8, for: 25m}]")
    running.observe([reading(0, 9, kind="co2"), reading(5, 9, kind="co2")], at(5))
    running.deaf(at(5), at(15), restart=True)
    found = running.observe([reading(20, 9, kind="co2"), reading(30, 9, kind="co2")], at(30))
    assert told(found + running.tick(at(90))) == [(35, "firing", "major")]


def test_states_nobody_can_read_are_dropped():
    running = engine(EVENT)
    rows = [
        ("gone", ("s-1", "d-1"), b'{"type":"event"}'),
        ("r1", ("s-1", "d-1"), b'{"type":"threshold","levels":[]}'),
        ("r1", ("s-1", "d-2"), b"not json"),
        ("r1", ("s-1",), b'{"type":"event"}'),
    ]
    running.load(rows, [])
    assert running.drain_changes() == [(rule, key, None) for rule, key, _ in rows]
    assert told(running.observe([event(0)], at(0))) == [(0, "firing", "major")]


def test_a_disabled_rule_does_nothing():
    running = engine(EVENT + ", enabled: false")
    assert running.observe([event(0)], at(0)) == []
    assert list(running.rules) == ["r1"]


def test_a_stored_firing_state_resolves_after_a_restart():
    before = engine(EVENT)
    before.observe([event(0)], at(0))
    after = engine(EVENT)
    after.load([(rule, key, state) for rule, key, state in before.drain_changes() if state], [])
    assert told(after.tick(at(9))) == [(3, "resolved", "major")]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(["intrusion", "panic_button", "temperature", "heartbeat"]),
        st.sampled_from(["start", "update", "end", "pulse", "state"]),
        st.sampled_from([0, 0, 0, 1, 4]),
        st.sampled_from([3.0, 6.0, 9.0, 11.0, 14.0]),
        st.sampled_from([None, None, "x", "y"]),
        st.sampled_from(["d-1", "d-2"]),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=30,
)


def events_of(steps):
    minute, events = 0, []
    for wait, kind, phase, lag, value, event_id, name, retained in steps:
        minute += wait
        fields = {"occurred": minute - lag, "device": name, "retained": retained}
        if kind == "temperature":
            events.append(reading(minute, value, **fields))
        else:
            events.append(event(minute, kind, phase, event_id=event_id, **fields))
    return events


class Service:
    """Stored states, last sightings and alerts; a restart between any two batches, silences all the while."""

    def __init__(self):
        self.states, self.seen, self.alerts, self.history = {}, {}, {}, []

    def batch(self, events, now, *, tick=False):
        running = Engine(RULES)
        devices = [device(name, last_seen_at=self.seen.get(name, at(0))) for name in ("d-1", "d-2")]
        running.load([(rule, key, state) for (rule, key), state in self.states.items()], devices)
        found = running.observe(events, now)
        if tick:
            found += running.tick(now)
        for one in events:
            if not one.retained:
                self.seen[one.device] = one.received_at
        for rule, key, state in running.drain_changes():
            if state is None:
                self.states.pop((rule, key), None)
            else:
                self.states[rule, key] = state
        changes = apply_findings(found, running.rules, self.alerts)
        firing = [alert for alert in self.alerts.values() if alert.condition == "firing"]
        mark(changes, Suppressor(QUIETS, running.rules, firing))
        for change in changes:
            change.alert.id = change.alert.id or len(self.history) + 1
            self.alerts[change.alert.rule, change.alert.key] = change.alert
            self.history += [(change.alert.rule, change.alert.key, one) for one in change.transitions]

    def end(self, minutes):
        self.batch([], at(minutes), tick=True)
        shown = {key: msgspec.structs.replace(alert, id=0) for key, alert in self.alerts.items()}
        by_alert = sorted(self.history, key=lambda one: (one[0], one[1]))
        return by_alert, shown, self.states


@settings(max_examples=150, deadline=timedelta(seconds=5))
@given(STEPS, st.lists(st.integers(0, 30), max_size=6))
def test_cutting_into_batches_with_restarts_between_changes_nothing(steps, cuts):
    events = events_of(steps)
    last = len(steps) * 5 + 60
    whole, cut = Service(), Service()
    if events:
        whole.batch(events, at(last))
    edges = sorted({0, len(events), *(place for place in cuts if place < len(events))})
    for start, end in pairwise(edges):
        cut.batch(events[start:end], at(last))
    assert cut.end(last) == whole.end(last)
