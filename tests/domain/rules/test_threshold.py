"""Rule kind threshold: severities, hysteresis, for, keep-firing, readings out of order, backlogs."""

from datetime import timedelta, timezone

from tests.domain.rules.world import at, engine, play, reading

SIMPLE = "kind: threshold, match: {kind: temperature}, raise: [{severity: minor, above: 8}]"
TEN = "kind: threshold, match: {kind: temperature}, raise: [{severity: minor, above: 8, for: 10m}]"
TWO = (
    "kind: threshold, match: {kind: temperature}, "
    "raise: [{severity: critical, above: 12, for: 5m}, {severity: minor, above: 8, for: 10m}], "
    "clear: {at_or_below: 6, for: 5m}"
)


def test_without_for_a_reading_raises_and_the_next_resolves():
    found = play(engine(SIMPLE), [reading(0, 9), reading(1, 10), reading(2, 8)], 10)
    assert found == [(0, "firing", "minor"), (1, "again", "minor"), (2, "resolved", "minor")]


def test_the_edge_itself_is_not_above():
    assert play(engine(SIMPLE), [reading(0, 8.0)], 10) == []


def test_no_further_reading_is_needed():
    assert play(engine(TEN), [reading(0, 9)], 20) == [(10, "firing", "minor")]


def test_a_reading_between_starts_the_wait_afresh():
    events = [reading(0, 9), reading(9, 7), reading(10, 9)]
    assert play(engine(TEN), events, 30) == [(20, "firing", "minor")]


def test_both_levels_wait_on_their_own():
    found = play(engine(TWO), [reading(0, 13), reading(20, 9), reading(21, 6)], 60)
    assert found == [(5, "firing", "critical"), (20, "again", "critical"), (26, "resolved", "critical")]


def test_severity_rises_while_firing_and_never_falls():
    found = play(engine(TWO), [reading(0, 9), reading(11, 13), reading(20, 9)], 30)
    assert found == [
        (10, "firing", "minor"),
        (11, "again", "minor"),
        (16, "again", "critical"),
        (20, "again", "critical"),
    ]


def test_between_raise_and_clear_it_goes_on():
    events = [reading(0, 9), reading(11, 7), reading(12, 6), reading(14, 7), reading(15, 6)]
    found = play(engine(TWO), events, 60)
    assert found == [(10, "firing", "minor"), (20, "resolved", "minor")]


def test_keep_firing_waits_behind_clear():
    kept = TWO + ", keep_firing_for: 10m"
    found = play(engine(kept), [reading(0, 9), reading(12, 5)], 60)
    assert found == [(10, "firing", "minor"), (27, "resolved", "minor")]


def test_keep_firing_starts_afresh_when_it_holds_again():
    kept = SIMPLE + ", keep_firing_for: 5m"
    events = [reading(0, 9), reading(1, 3), reading(4, 9), reading(5, 3)]
    found = play(engine(kept), events, 60)
    assert found == [(0, "firing", "minor"), (4, "again", "minor"), (10, "resolved", "minor")]


def test_a_backlog_is_judged_by_its_own_times():
    """An hour of readings delivered at once: what they prove is raised, and no timer fires in between."""
    events = [reading(100, 9, occurred=0), reading(100, 9, occurred=9), reading(100, 5, occurred=9.5)]
    assert play(engine(TEN), events, 130) == []
    events = [reading(100, 9, occurred=0), reading(100, 9, occurred=10), reading(100, 5, occurred=11)]
    assert play(engine(TEN), events, 130) == [(100, "firing", "minor"), (100, "resolved", "minor")]


def test_a_backlog_that_ends_in_the_present_needs_only_the_rest():
    events = [reading(100, 9, occurred=94), reading(100, 9, occurred=98)]
    assert play(engine(TEN), events, 130) == [(106, "firing", "minor")]


def test_a_reading_that_was_on_its_way_for_long_moves_nothing_to_later():
    events = [reading(0, 9), reading(8, 9, occurred=1)]
    assert play(engine(TEN), events, 30) == [(10, "firing", "minor")]


def test_a_reading_older_than_the_last_changes_nothing():
    events = [reading(0, 9), reading(5, 9), reading(6, 3, occurred=2)]
    assert play(engine(TEN), events, 30) == [(10, "firing", "minor")]


def test_an_old_reading_after_the_resolve_is_late():
    events = [reading(0, 9), reading(5, 3), reading(6, 9, occurred=4)]
    found = play(engine(SIMPLE), events, 30)
    assert found == [(0, "firing", "minor"), (5, "resolved", "minor"), (6, "late", "minor")]


def test_not_a_number_is_no_reading():
    events = [reading(0, 9), reading(5, float("nan")), reading(6, float("inf"))]
    assert play(engine(TEN), events, 30) == [(10, "firing", "minor")]


def test_keys_are_apart():
    running = engine(TEN)
    running.observe([reading(0, 9), reading(1, 5, device="d-2")], at(1))
    found = running.tick(at(30))
    assert [one.key for one in found] == [("s-1", "d-1")]


def test_a_finding_by_timer_knows_what_it_is_about():
    running = engine(TEN)
    running.observe([reading(0, 9.5, zone="cold-1")], at(0))
    (found,) = running.tick(at(30))
    assert found.by_timer
    assert found.edge
    assert found.event is None
    assert found.detail == {"value": 9.5}
    assert found.subject is not None
    assert (found.subject.kind, found.subject.device, found.subject.zone) == ("temperature", "d-1", "cold-1")


def test_a_retained_reading_never_raises_unless_a_clear_is_known():
    assert play(engine(SIMPLE), [reading(0, 9, retained=True)], 10) == []
    events = [reading(0, 9), reading(1, 3), reading(9, 9, retained=True, occurred=5)]
    assert play(engine(SIMPLE), events, 10)[-1] == (9, "firing", "minor")
    doubtful = [reading(0, 9), reading(1, 3), reading(9, 9, retained=True, clock_suspect=True)]
    assert play(engine(SIMPLE), doubtful, 10)[-1] == (1, "resolved", "minor")


def test_a_retained_reading_resolves():
    events = [reading(0, 9), reading(9, 3, phase="state", occurred=5)]
    assert play(engine(SIMPLE), events, 10)[-1] == (9, "resolved", "minor")


def test_what_the_calendar_held_back_is_raised_when_it_opens():
    china = timezone(timedelta(hours=8))  # school_hours begin at 08:00, which is minute 0, a Tuesday
    hours = SIMPLE + ", active: school_hours"
    assert play(engine(hours, zone=china), [reading(-30, 9)], 10) == [(0, "firing", "minor")]
    assert play(engine(hours, zone=china), [reading(-30, 9), reading(-1, 5)], 10) == []


def test_a_firing_state_survives_other_numbers_in_the_rule():
    before = engine(SIMPLE)
    before.observe([reading(0, 9)], at(0))
    stored = [(rule, key, state) for rule, key, state in before.drain_changes() if state is not None]
    after = engine(TWO)
    after.load(stored, [])
    found = after.observe([reading(1, 3)], at(1)) + after.tick(at(20))
    assert [(one.condition, one.at) for one in found] == [("resolved", at(6))]


def test_an_idle_sensor_is_not_remembered():
    running = engine(TEN)
    running.observe([reading(0, 5), reading(1, 9), reading(2, 5)], at(2))
    assert running.drain_changes() == [("r1", ("s-1", "d-1"), None)]
    assert running.next_due() is None
