"""Rule kind absence with offline_for: a school or a gateway is gone once all its connections are."""

from typing import Any

import pytest

from safety_service.domain.errors import Refused
from tests.domain.rules.world import at, device, engine, event, rules, told

SCHOOL = (
    "kind: absence, severity: major, silent_for: 10m, offline_for: 1m, key: [school],"
    " match: {kind: heartbeat}"
)
GATEWAY = SCHOOL.replace("key: [school]", "key: [school, gateway]")


def status(minutes: float, name: str, phase: str, **fields: Any):
    return event(minutes, "device_offline", phase, device=name, gateway=name, **fields)


def beat(minutes: float, name: str = "cam-1", gateway: str | None = "gw-1"):
    return event(minutes, "heartbeat", device=name, gateway=gateway)


def play(body, *events, until=30.0):
    """(minute, condition, severity) of everything found."""
    running = engine(body)
    found = running.observe(list(events), events[-1].received_at)
    return told(found + running.tick(at(until)))


def test_all_connections_have_to_be_gone():
    events = [beat(0), beat(0, gateway="gw-2"), status(1, "gw-1", "start")]
    assert play(SCHOOL, *events, until=9) == []
    assert play(SCHOOL, *events, status(2, "gw-2", "start"), until=9) == [(3, "firing", "major")]


def test_one_that_comes_back_in_time_or_later_ends_it():
    gone = [beat(0), status(1, "gw-1", "start")]
    assert play(SCHOOL, *gone, status(1.5, "gw-1", "end"), until=9) == []
    assert play(SCHOOL, *gone, beat(1.5), until=9) == []
    running = engine(SCHOOL)
    found = running.observe(gone, at(1)) + running.tick(at(3))
    found += running.observe([status(5, "gw-1", "end")], at(5)) + running.tick(at(14))
    assert told(found) == [(2, "firing", "major"), (5, "resolved", "major")]


def test_silence_needs_no_will():
    assert play(SCHOOL, beat(0), until=30) == [(10, "firing", "major")]


def test_what_a_recorder_says_of_a_camera_is_no_connection():
    said = event(1, "device_offline", "start", device="cam-1", gateway="nvr")
    assert play(SCHOOL, beat(0, gateway="nvr"), said, until=9) == []


def test_each_gateway_is_judged_by_itself_and_named():
    running = engine(GATEWAY)
    beats = [beat(0), beat(0, gateway="gw-2"), beat(0, gateway=None)]
    running.observe([*beats, status(1, "gw-2", "start")], at(1))
    [found] = running.tick(at(9))
    assert (found.key, found.subject and found.subject.device) == (("s-1", "gw-2"), "gw-2")


def test_a_kept_will_counts_only_of_who_was_heard_before():
    assert play(SCHOOL, status(0, "gw-1", "start", retained=True), until=9) == []
    events = [status(0, "gw-1", "end"), status(5, "gw-1", "start", retained=True)]
    assert play(SCHOOL, *events, until=9) == [(6, "firing", "major")]


def test_a_kept_online_ends_a_will_and_no_silence():
    gone = [beat(0), status(1, "gw-1", "start"), status(3, "gw-1", "end", retained=True)]
    assert play(SCHOOL, *gone, until=9) == [(2, "firing", "major"), (3, "resolved", "major")]
    silent = [beat(0), status(20, "gw-1", "end", retained=True)]
    assert play(SCHOOL, *silent, until=30) == [(10, "firing", "major")]


def test_nobody_is_gone_while_nobody_can_be_heard():
    running = engine(SCHOOL)
    running.observe([beat(0), status(1, "gw-1", "start")], at(1))
    running.deaf(at(1.5), at(8), restart=False)
    assert told(running.tick(at(8.4))) == []
    assert told(running.tick(at(9))) == [(8.5, "firing", "major")]


def test_it_survives_a_restart():
    running, after = engine(SCHOOL), engine(SCHOOL)
    running.observe([beat(0), beat(0, gateway="gw-2"), status(1, "gw-1", "start")], at(1))
    after.load([(rule, key, state) for rule, key, state in running.drain_changes() if state], [])
    after.observe([status(2, "gw-2", "start")], at(2))
    assert told(after.tick(at(9))) == [(3, "firing", "major")]


def test_wills_are_believed_beside_a_kind_only():
    with pytest.raises(Refused) as refused:
        rules("kind: absence, severity: minor, silent_for: 1d, offline_for: 1m, match: {zone: gate}")
    [(_, reason)] = refused.value.problems
    assert "last wills" in reason


def test_a_last_will_is_no_sign_of_life():
    running = engine("kind: absence, severity: minor, silent_for: 10m, match: {zone: gate}")
    running.load([], [device("gw-1", zone="gate")])
    running.tick(at(0))
    found = running.observe([event(1, "motion", device="gw-1"), status(9, "gw-1", "start")], at(9))
    assert told(found + running.tick(at(15))) == [(11, "firing", "minor")]
