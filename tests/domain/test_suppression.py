"""Silences, maintenance windows that come back, inhibition and flapping: alone and in a timeline."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.recurrence import check_rule, next_edge, occurrence
from safety_service.domain.rules.yamltree import read_tree
from safety_service.domain.suppression import Quiet, Suppressor, check_match, mark
from safety_service.domain.timeline import run
from safety_service.domain.timeline_outcome import Outcome
from safety_service.domain.timeline_reading import read_timeline
from safety_service.domain.types import Alert, AlertChange, Transition
from tests.domain.rules.world import rules

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
START = datetime(2026, 9, 5, 0, 0, tzinfo=UTC)  # Saturday, 8:00 in Shanghai
HOUR = timedelta(hours=1)


def alert(**fields: object) -> Alert:
    content = {
        "id": 1,
        "rule": "r1",
        "rule_version": "v",
        "key": ("s-1", "d-1"),
        "school": "s-1",
        "device": "d-1",
        "kind": "motion",
        "title": {"zh": "甲", "en": "A"},
        "severity": "major",
        "condition": "firing",
        "raised_at": START,
        "last_seen_at": START,
    }
    return Alert(**(content | fields))  # type: ignore[arg-type]


def quiet(**fields: object) -> Quiet:
    content = {"cause": "silence:1", "starts_at": START, "length": HOUR, "zone": SHANGHAI}
    return Quiet(**(content | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("match", "covers"),
    [
        ({}, True),
        ({"kind": "motion"}, True),
        ({"kind": ["smoke", "motion"], "school": "s-1"}, True),
        ({"kind": {"not": ["smoke"]}}, True),
        ({"kind": {"not": "motion"}}, False),
        ({"device": "d-2"}, False),
        ({"zone": "gate"}, False),
        ({"severity": "major", "rule": "r1"}, True),
    ],
)
def test_what_a_silence_is_about(match: dict[str, object], covers: bool) -> None:
    assert check_match(match) == []
    assert quiet(match=match).covers(alert()) is covers


def test_a_silence_of_one_school_holds_nobody_else_back() -> None:
    assert quiet(school="s-1").covers(alert())
    assert not quiet(school="s-2").covers(alert())


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        ("motion", "must be fields of an alert"),
        ({"kindd": "motion"}, "did you mean 'kind'?"),
        ({"kind": 5}, "is a text"),
        ({"kind": []}, "is a text"),
        ({"kind": {"nott": "a"}}, "is a text"),
    ],
)
def test_a_match_that_cannot_be_meant(match: object, reason: str) -> None:
    [(_, found)] = check_match(match)
    assert reason in found


def test_its_beginning_belongs_to_it_and_its_end_does_not() -> None:
    one = quiet()
    assert [one.is_on(START + n * HOUR / 2) for n in (-1, 0, 1, 2)] == [False, True, True, False]
    assert one.next_edge(START - HOUR) == START
    assert one.next_edge(START) == START + HOUR
    assert one.next_edge(START + HOUR) is None


def test_a_window_comes_back_by_its_rule() -> None:
    saturdays = quiet(recurrence="FREQ=WEEKLY;BYDAY=SA;COUNT=3")
    week = timedelta(days=7)
    assert [saturdays.is_on(START + n * week + HOUR / 2) for n in range(4)] == [True, True, True, False]
    assert saturdays.next_edge(START + HOUR) == START + week
    assert saturdays.next_edge(START + week) == START + week + HOUR
    assert saturdays.next_edge(START + 2 * week + HOUR) is None


def test_a_window_keeps_its_wall_clock_when_the_clocks_change() -> None:
    before = datetime(2026, 10, 20, 22, 0, tzinfo=BERLIN)
    after = datetime(2026, 10, 27, 22, 0, tzinfo=BERLIN)  # from UTC+2 to UTC+1 on 25 October
    span = occurrence("FREQ=WEEKLY", before, HOUR, BERLIN, after)
    assert span is not None
    assert span[0] == after
    assert next_edge("FREQ=WEEKLY", before, HOUR, BERLIN, after - HOUR) == after


@pytest.mark.parametrize(
    "text",
    [
        "",
        "every day",
        "FREQ=SOMETIMES",
        "DTSTART:20260901T000000\nRRULE:FREQ=DAILY",
        "FREQ=DAILY;UNTIL=20200101",
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        check_rule(text, START, "recurrence")


def test_a_window_that_comes_back_holds_back_nothing_about_life_unless_it_names_it() -> None:
    smoke = alert(kind="smoke")
    assert not quiet(recurrence="FREQ=DAILY").covers(smoke)
    assert quiet(recurrence="FREQ=DAILY", match={"kind": "smoke"}).covers(smoke)
    assert quiet().covers(smoke), "a person said so, with a reason and an end"


INHIBITED = (
    "kind: event, severity: major, match: {kind: motion}, inhibited_by: [{rule: r2, equal: [school, zone]}]"
)
INHIBITS = "kind: event, severity: major, match: {kind: power_loss}, key: [school, zone]"


def test_inhibition_asks_for_equal_values() -> None:
    known = rules(INHIBITED, INHIBITS).rules
    out = alert(id=2, rule="r2", key=("s-1", "gate"), kind="power_loss", zone="gate")
    suppressor = Suppressor([], known, [out])
    assert suppressor.cause(alert(zone="gate"), START) == "inhibited:r2"
    assert suppressor.cause(alert(zone="yard"), START) is None
    assert suppressor.cause(alert(school="s-2", key=("s-2", "d-1"), zone="gate"), START) is None
    assert suppressor.note(msgspec.structs.replace(out, condition="resolved"))
    assert suppressor.cause(alert(zone="gate"), START) is None


LINGERS = "kind: event, severity: major, match: {kind: motion}, inhibited_by: [{rule: r2, linger: 5m}]"


def test_what_has_ended_explains_for_a_while_why_others_are_not_back() -> None:
    known = rules(LINGERS, "kind: event, severity: major, match: {kind: power_loss}, key: [school]").rules
    over = alert(
        id=2, rule="r2", key=("s-1",), kind="power_loss", condition="resolved", resolved_at=START + HOUR
    )
    minute = timedelta(minutes=1)
    suppressor = Suppressor([], known, [over])
    assert suppressor.cause(alert(), START + HOUR + 4 * minute) == "inhibited:r2"
    assert suppressor.cause(alert(), START + HOUR + 5 * minute) is None
    assert suppressor.next_edge(START + HOUR, []) == START + HOUR + 5 * minute
    assert suppressor.next_edge(START + HOUR + 5 * minute, []) is None


def test_a_device_is_held_back_by_the_alert_of_its_gateway() -> None:
    behind = INHIBITED.replace("zone", "gateway")
    known = rules(behind, INHIBITS.replace("zone", "gateway")).rules
    suppressor = Suppressor([], known, [alert(id=2, rule="r2", key=("s-1", "gw-1"), kind="power_loss")])
    assert suppressor.cause(alert(detail={"gateway": "gw-1"}), START) == "inhibited:r2"
    assert suppressor.cause(alert(detail={"gateway": "gw-2"}), START) is None
    assert suppressor.cause(alert(), START) is None


def test_the_transition_names_the_cause_and_the_alert_carries_it() -> None:
    step = Transition(change="raised", at=START, severity="major", condition="firing")
    change = AlertChange(alert=alert(), transitions=[step])
    mark([change], Suppressor([quiet()], {}, []))
    [step] = change.transitions
    assert (step.reason, step.detail) == ("silence:1", {"suppressed_by": "silence:1"})
    assert change.alert.suppressed_by == "silence:1"


def test_what_comes_when_nothing_holds_it_back_loses_its_mark() -> None:
    step = Transition(change="severity_raised", at=START + HOUR, severity="critical", condition="firing")
    change = AlertChange(alert=alert(suppressed_by="silence:1"), transitions=[step])
    mark([change], Suppressor([quiet()], {}, []))
    assert change.alert.suppressed_by is None
    assert change.transitions == [step]


def play(timeline: str, kind: str = "door_open") -> Outcome:
    text = f"""
start: 2026-09-01T08:00:00+08:00
rules:
  - id: door
    title: {{zh: 门, en: Door}}
    kind: event
    severity: major
    quiet_for: never
    match: {{kind: {kind}}}
channels: [{{id: desk}}]
until: 2h
timeline: [{timeline}]
"""
    return run(read_timeline(read_tree(text, "t.yaml"), None))


def contact(kind: str, times: int, every: str) -> str:
    entry = f"school: s-1, device: d-1, kind: {kind}, repeat: {times}, every: {every}"
    return f"{{at: 0s, phase: start, {entry}}}, {{at: 1.5s, phase: end, {entry}}}"


def test_a_contact_that_flaps_is_one_alert_and_few_messages() -> None:
    """Scenario 15: it opens and closes 200 times in ten minutes."""
    outcome = play(contact("door_open", 200, "3s"))
    assert {one.alert.id for one in outcome.happened} == {1}
    assert outcome.happened[-1].count == 200
    assert sum(one.alert.suppressed_by == "flapping" for one in outcome.happened) > 300
    assert [one.change for one in outcome.sent] == ["raised", "resolved"]


def test_what_flapped_and_then_stays_is_told_once_it_has_stayed() -> None:
    stays = "{at: 11m, school: s-1, device: d-1, kind: door_open, phase: start}"
    outcome = play(contact("door_open", 200, "3s") + ", " + stays)
    assert [(one.at, one.change) for one in outcome.sent][2:] == [(timedelta(minutes=11), "reopened")]
    stays_at_once = "{at: 599s, school: s-1, device: d-1, kind: door_open, phase: start}"
    outcome = play(contact("door_open", 200, "3s") + ", " + stays_at_once)
    assert [(one.at, one.change) for one in outcome.sent][2:] == [(timedelta(seconds=659), "reopened")]


def test_life_is_never_taken_for_flapping() -> None:
    outcome = play(contact("smoke", 5, "3s"), "smoke")
    assert [one.change for one in outcome.sent] == ["raised", "resolved"] + ["reopened", "resolved"] * 4


def test_the_same_timeline_a_hundred_times_is_the_same() -> None:
    text = contact("door_open", 20, "3s") + ", {at: 5s, silence: {school: s-1}, for: 20s}"
    first = play(text)
    for _ in range(100):
        again = play(text)
        assert (again.happened, again.sent) == (first.happened, first.sent)
