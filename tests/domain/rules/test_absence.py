"""Rule kind absence: registered devices, kinds, deafness, what is stored."""

import msgspec

from tests.domain.rules.world import at, device, engine, event, told

GATE = "kind: absence, severity: minor, silent_for: 10m, match: {zone: gate}"
ALL = "kind: absence, severity: minor, silent_for: 10m"
BEATS = "kind: absence, severity: minor, silent_for: 10m, match: {kind: heartbeat}"


def started(body, *devices):
    running = engine(body)
    running.load([], devices)
    running.tick(at(0))
    return running


def test_a_registered_device_that_was_never_heard_counts_from_its_registration():
    running = started(ALL, device())
    assert told(running.tick(at(9.9))) == []
    assert told(running.tick(at(60))) == [(10, "firing", "minor")]
    assert told(running.tick(at(600))) == []


def test_any_message_ends_it():
    running = started(ALL, device())
    found = running.tick(at(20)) + running.observe([event(25, "motion")], at(25)) + running.tick(at(35))
    assert told(found) == [(10, "firing", "minor"), (25, "resolved", "minor"), (35, "firing", "minor")]


def test_a_message_at_the_due_instant_is_in_time():
    running = started(ALL, device())
    assert told(running.observe([event(10, "motion")], at(10)) + running.tick(at(10))) == []


def test_only_matching_devices_are_watched():
    running = started(GATE, device("d-1", zone="north", zone_type="gate"), device("d-2", zone="kitchen"))
    assert [one.key for one in running.tick(at(60))] == [("s-1", "d-1")]


def test_retained_messages_and_the_service_itself_are_not_the_device():
    running = started(ALL, device())
    running.observe([event(5, "motion", retained=True), event(6, "sequence_gap", format="service")], at(6))
    assert told(running.tick(at(60))) == [(10, "firing", "minor")]


def test_silence_is_judged_on_receive_time():
    running = started(ALL, device())
    running.observe([event(5, "motion", occurred=-300)], at(5))
    assert told(running.tick(at(60))) == [(15, "firing", "minor")]


def test_hearing_a_device_stores_nothing():
    running = started(ALL, device(last_seen_at=at(-1)))
    assert running.drain_changes() == []
    running.observe([event(1, "motion"), event(2, "motion")], at(2))
    assert running.drain_changes() == []
    running.tick(at(60))
    (changed,) = running.drain_changes()
    assert changed[2] is not None
    running.observe([event(61, "motion")], at(61))
    assert running.drain_changes() == [("r1", ("s-1", "d-1"), None)]


def test_after_a_restart_it_counts_from_what_the_registry_knows():
    running = engine(ALL)
    running.load([], [device(last_seen_at=at(-4))])
    assert told(running.tick(at(60))) == [(6, "firing", "minor")]


def test_one_that_was_never_heard_is_not_forgotten_by_a_restart():
    before = started(ALL, device())
    stored = before.drain_changes()
    after = engine(ALL)
    after.load([(rule, key, state) for rule, key, state in stored if state], [device()])
    assert told(after.tick(at(60))) == [(10, "firing", "minor")]


def test_a_lost_link_is_nobodys_silence():
    running = started(ALL, device(last_seen_at=at(0)))
    for minute in range(2, 30):
        running.deaf(at(minute), at(minute + 1), restart=False)
        assert told(running.tick(at(minute + 1))) == []
    assert told(running.tick(at(60))) == [(38, "firing", "minor")]


def test_a_short_downtime_does_not_count_and_a_long_one_starts_afresh():
    short = engine(ALL)
    short.load([], [device(last_seen_at=at(0))])
    short.deaf(at(5), at(25), restart=True)
    assert told(short.tick(at(60))) == [(30, "firing", "minor")]
    long = engine(ALL)
    long.load([], [device(last_seen_at=at(0))])
    long.deaf(at(5), at(45), restart=True)
    assert told(long.tick(at(60))) == [(55, "firing", "minor")]


def test_a_kind_is_expected_only_where_it_was_heard_once():
    running = started(BEATS, device("d-1"), device("d-2"))
    running.observe([event(0, "heartbeat"), event(5, "motion")], at(5))
    found = running.tick(at(60)) + running.observe([event(61, "motion"), event(62, "heartbeat")], at(62))
    assert [(one.key, one.condition, one.at) for one in found] == [
        (("s-1", "d-1"), "firing", at(10)),
        (("s-1", "d-1"), "resolved", at(62)),
    ]


def test_a_kind_of_a_named_device_is_expected_at_once():
    named = "kind: absence, severity: minor, silent_for: 10m, match: {kind: heartbeat, device: gw-1}"
    running = started(named, device("gw-1"), device("d-2"))
    assert [one.key for one in running.tick(at(60))] == [("s-1", "gw-1")]


def test_a_device_taken_out_of_service_is_resolved():
    running = started(ALL, device())
    running.tick(at(20))
    running.register(device(registered=False))
    assert told(running.tick(at(21))) == [(20, "resolved", "minor")]
    assert told(running.tick(at(90))) == []
    assert running.drain_changes()[-1][2] is None


def test_a_quiet_device_taken_out_of_service_is_not_missed():
    running = started(ALL, device())
    running.register(device(registered=False))
    assert told(running.tick(at(90))) == []


def test_a_heartbeat_is_not_expected_of_a_device_taken_out_of_service():
    running = started(BEATS, device())
    running.observe([event(1, "heartbeat")], at(1))
    running.register(device(registered=False))
    assert told(running.tick(at(90))) == []
    assert running.drain_changes()[-1][2] is None


def test_a_new_device_is_watched_from_its_first_message():
    running = started(ALL)
    running.register(device(last_seen_at=at(5)))
    running.observe([event(5, "motion")], at(5))
    assert told(running.tick(at(60))) == [(15, "firing", "minor")]


def test_one_key_for_a_zone_is_heard_through_any_of_its_devices():
    zone = "kind: absence, severity: minor, silent_for: 10m, key: [school, zone]"
    running = started(zone, device("d-1", zone="gate"), device("d-2", zone="gate"))
    found = running.observe([event(8, "motion"), event(16, "motion", device="d-2")], at(16)) + running.tick(
        at(60)
    )
    assert told(found) == [(26, "firing", "minor")]


def test_a_stored_state_of_a_device_nobody_watches_is_resolved():
    before = started(ALL, device())
    before.tick(at(20))
    stored = [(rule, key, state) for rule, key, state in before.drain_changes() if state]
    after = engine(ALL)
    after.load(stored, [])
    assert told(after.tick(at(30))) == [(30, "resolved", "minor")]


def test_the_stored_state_is_plain_json():
    running = started(ALL, device())
    ((_, _, state),) = running.drain_changes()
    assert state is not None
    assert msgspec.json.decode(state)["type"] == "absence"
