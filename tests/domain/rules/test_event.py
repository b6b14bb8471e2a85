"""Rule kind event: raises, counts, ends, silence, late news, repeated states, calendars."""

from datetime import timedelta, timezone

from tests.domain.rules.world import at, engine, event, play, told

INTRUSION = "kind: event, severity: major, match: {kind: intrusion}"
NEVER = INTRUSION + ", quiet_for: never"
SMOKE = "kind: event, severity: critical, quiet_for: never, match: {kind: smoke}"
PANIC = "kind: event, severity: critical, match: {kind: panic_button}"


def test_pulses_raise_once_and_silence_ends_it():
    found = play(engine(INTRUSION), [event(0), event(4)], 60)
    assert found == [(0, "firing", "major"), (4, "again", "major"), (14, "resolved", "major")]


def test_a_match_at_the_instant_of_silence_comes_first():
    found = play(engine(INTRUSION), [event(0), event(10)], 15)
    assert found == [(0, "firing", "major"), (10, "again", "major")]


def test_quiet_never_waits_for_the_end():
    found = play(engine(NEVER), [event(0, phase="start"), event(600, phase="end")], 700)
    assert found == [(0, "firing", "major"), (600, "resolved", "major")]


def test_other_kinds_and_measures_raise_nothing():
    assert play(engine(INTRUSION), [event(0, "motion"), event(1, phase="measure", value=3.0)], 60) == []


def test_an_end_without_a_beginning_raises_nothing():
    assert play(engine(INTRUSION), [event(0, phase="end")], 60) == []


def test_overlapping_events_end_with_the_last_of_them():
    events = [
        event(0, phase="start", event_id="a"),
        event(1, phase="start", event_id="b"),
        event(2, phase="end", event_id="a"),
        event(3, phase="end", event_id="b"),
    ]
    found = play(engine(NEVER), events, 10)
    assert found == [(0, "firing", "major"), (1, "again", "major"), (3, "resolved", "major")]


def test_an_end_whose_id_nobody_knows_ends_everything():
    events = [event(0, phase="start", event_id="m1"), event(2, phase="end", event_id="m2")]
    assert play(engine(NEVER), events, 10)[-1] == (2, "resolved", "major")


def test_the_end_of_something_earlier_leaves_what_goes_on_now():
    events = [event(5, phase="start"), event(6, phase="end", occurred=2)]
    assert play(engine(NEVER), events, 10) == [(5, "firing", "major")]


def test_a_late_start_of_a_known_end_never_raises():
    events = [event(0, phase="end", event_id="x"), event(1, phase="start", event_id="x", occurred=-1)]
    assert play(engine(INTRUSION), events, 60) == [(1, "late", "major")]


def test_a_late_start_without_an_id_is_told_by_its_time():
    events = [
        event(5, phase="end"),
        event(6, phase="start", occurred=4),
        event(7, phase="start", occurred=6.5),
    ]
    assert play(engine(NEVER), events, 60) == [(6, "late", "major"), (7, "firing", "major")]


def test_a_late_start_of_another_device_is_news():
    events = [event(5, phase="end"), event(6, phase="start", occurred=4, device="d-2")]
    by_school = NEVER + ", key: [school]"
    assert play(engine(by_school), events, 60) == [(6, "firing", "major")]


def test_what_happened_before_the_silence_was_over_is_late():
    events = [event(0), event(12, occurred=5), event(13)]
    found = play(engine(INTRUSION), events, 14)
    assert found[1:] == [(10, "resolved", "major"), (12, "late", "major"), (13, "firing", "major")]


def test_life_safety_is_raised_however_late():
    events = [event(0, "smoke", "end", event_id="x"), event(1, "smoke", "start", event_id="x", occurred=-1)]
    running = engine(SMOKE)
    found = running.observe(events, events[-1].received_at)
    assert [(one.condition, one.late, one.edge) for one in found] == [("firing", True, True)]


def test_every_press_of_a_button_is_a_finding():
    found = play(engine(PANIC), [event(0, "panic_button") for _ in range(50)], 1)
    assert len(found) == 50


def test_a_retained_message_raises_nothing_by_itself():
    assert play(engine(NEVER), [event(0, phase="start", retained=True), event(1, phase="state")], 60) == []


def test_a_retained_message_raises_where_an_older_end_is_known():
    events = [event(0, phase="end"), event(9, phase="start", retained=True, occurred=5)]
    assert play(engine(NEVER), events, 60) == [(9, "firing", "major")]


def test_a_retained_message_older_than_the_end_raises_nothing():
    events = [event(6, phase="end"), event(9, phase="start", retained=True, occurred=5)]
    assert play(engine(NEVER), events, 60) == []


def test_a_retained_message_with_a_doubtful_clock_raises_nothing():
    events = [event(0, phase="end"), event(9, phase="start", retained=True, clock_suspect=True)]
    assert play(engine(NEVER), events, 60) == []


def test_a_retained_end_resolves():
    events = [event(0, phase="start"), event(9, phase="end", retained=True, occurred=5)]
    assert play(engine(NEVER), events, 60) == [(0, "firing", "major"), (9, "resolved", "major")]


def test_a_retained_end_of_an_earlier_time_does_not():
    events = [event(6, phase="start"), event(9, phase="end", retained=True, occurred=5)]
    assert play(engine(NEVER), events, 60) == [(6, "firing", "major")]


def test_outside_its_calendar_a_rule_raises_nothing_but_still_resolves():
    # 00:00 UTC is 08:00 in China; the night ends at 06:00.
    china = timezone(timedelta(hours=8))
    night = NEVER + ", active: night"
    events = [event(-121, phase="start"), event(0, phase="end"), event(1, phase="start")]
    found = play(engine(night, zone=china), events, 60)
    assert found == [(-121, "firing", "major"), (0, "resolved", "major")]


def test_what_began_inside_the_calendar_goes_on_outside():
    china = timezone(timedelta(hours=8))
    night = INTRUSION + ", active: night"
    events = [
        event(-125, phase="start", event_id="a"),
        event(-118, phase="update", event_id="a"),
        event(-117, phase="start", event_id="b"),
    ]
    found = play(engine(night, zone=china), events, 0)
    assert found == [(-125, "firing", "major"), (-118, "again", "major"), (-108, "resolved", "major")]


def test_an_end_outside_the_calendar_leaves_nothing_behind():
    running = engine(INTRUSION + ", active: night")
    running.observe([event(720, phase="end")], at(720))
    assert running.drain_changes() == []


def test_except_is_the_other_way_round():
    china = timezone(timedelta(hours=8))
    day = INTRUSION + ", except: night"
    assert play(engine(day, zone=china), [event(-121), event(-119)], -118) == [(-119, "firing", "major")]


def test_a_calendar_never_holds_back_life_safety():
    china = timezone(timedelta(hours=8))
    night = SMOKE + ", active: night"
    found = play(engine(night, zone=china), [event(60, "smoke")], 61)
    assert found == [(60, "firing", "critical")]


def test_each_school_has_its_own_night():
    night = INTRUSION + ", active: night"
    running = engine(night, zones={"far": timezone(timedelta(hours=8))}, zone=timezone(timedelta(0)))
    events = [
        event(-121, school="far"),
        event(-121, school="near"),
        event(-119, school="far", device="d-2"),
        event(-119, school="near"),
    ]
    found = running.observe(events, events[-1].received_at)
    assert [(one.key, one.at) for one in found] == [(("far", "d-1"), at(-121)), (("near", "d-1"), at(-119))]


def test_an_end_matches_without_regard_to_phase_and_value():
    rule = "kind: event, severity: minor, quiet_for: never, match: {kind: people_count, value: {above: 9}}"
    events = [event(0, "people_count", "measure", value=12.0), event(1, "people_count", "end")]
    assert play(engine(rule), events, 5) == [(0, "firing", "minor"), (1, "resolved", "minor")]


def test_a_match_that_names_the_phase_is_taken_at_its_word():
    rule = "kind: event, severity: minor, match: {kind: intrusion, phase: start}"
    events = [event(0), event(1, phase="start"), event(2, phase="end"), event(3, phase="update")]
    assert play(engine(rule), events, 20) == [(1, "firing", "minor"), (11, "resolved", "minor")]


def test_the_memory_of_an_end_is_dropped_in_time():
    running = engine(INTRUSION)
    running.observe([event(0), event(1, phase="end")], event(1).received_at)
    assert running.drain_changes()[0][2] is not None
    running.tick(event(8 * 24 * 60).received_at)
    assert running.drain_changes() == [("r1", ("s-1", "d-1"), None)]
    assert running.next_due() is None


def test_findings_carry_their_event():
    running = engine(INTRUSION)
    one = event(0)
    found = running.observe([one], one.received_at)
    assert found[0].event is one
    assert told(found) == [(0, "firing", "major")]
    assert not found[0].by_timer


LASTING = NEVER + ", for: 2m"


def test_what_ends_in_time_is_not_told():
    events = [event(0, phase="start"), event(1.9, phase="end")]
    assert play(engine(LASTING), events, 60) == []


def test_what_lasts_is_told_when_it_has_lasted_and_ends_once():
    events = [event(0, phase="start"), event(1, phase="start"), event(9, phase="end")]
    assert play(engine(LASTING), events, 60) == [(2, "firing", "major"), (9, "resolved", "major")]


def test_what_is_told_by_time_names_its_device_and_its_gateway():
    held = LASTING + ", inhibited_by: [{rule: r2, equal: [school, gateway]}]"
    running = engine(held, SMOKE)
    running.observe([event(0, phase="start", zone="gate", gateway="gw-1")], at(0))
    [found] = running.tick(at(60))
    assert found.subject is not None
    assert (found.subject.device, found.subject.zone) == ("d-1", "gate")
    assert found.detail == {"since": at(0).isoformat(), "gateway": "gw-1"}


def test_an_end_that_nobody_could_hear_may_have_been_told():
    running = engine(LASTING)
    running.observe([event(0, phase="start")], at(0))
    running.deaf(at(1), at(31), restart=False)
    assert told(running.tick(at(31.9))) == []
    assert told(running.tick(at(32))) == [(32, "firing", "major")]


def test_a_state_that_is_said_again_after_silence_is_not_new():
    events = [event(0, phase="start"), event(30, phase="update"), event(90, phase="update")]
    assert play(engine(INTRUSION), events, 120) == [(0, "firing", "major"), (10, "resolved", "major")]


def test_an_update_under_an_id_is_new_after_silence():
    events = [event(0, phase="start", event_id="x"), event(30, phase="update", event_id="x")]
    found = play(engine(INTRUSION), events, 35)
    assert found == [(0, "firing", "major"), (10, "resolved", "major"), (30, "firing", "major")]


def test_the_end_of_silence_is_named():
    running = engine(INTRUSION)
    running.observe([event(0)], at(0))
    [over] = running.tick(at(60))
    assert over.detail == {"ended_by": "quiet"}


def test_what_waits_under_a_rule_that_waits_no_longer_is_told():
    running, after = engine(LASTING), engine(NEVER)
    running.observe([event(0, phase="start")], at(0))
    after.load([(rule, key, state) for rule, key, state in running.drain_changes() if state], [])
    assert told(after.tick(at(1))) == [(0, "firing", "major")]
