"""The life of an alert: what findings do, what people do, and what is never done twice."""

from typing import Any

import msgspec
import pytest

from safety_service.domain.alerts import (
    acknowledge,
    apply_finding,
    apply_findings,
    assign,
    close,
    comment,
    reopen,
)
from safety_service.domain.errors import Conflict, Refused
from safety_service.domain.types import Alert, AlertChange, Finding, Subject
from tests.domain.rules.world import at, event, rules

KEY = ("s-1", "d-1")
RULE = rules("kind: event, severity: major, match: {kind: intrusion}").rules["r1"]
OPEN_RULE = rules("kind: event, severity: minor, auto_close: false").rules["r1"]


def finding(minutes: float, severity: Any = "major", **fields: Any) -> Finding:
    content: dict[str, Any] = {"condition": "firing", "edge": True, "by_timer": False}
    content |= {"event": event(minutes), "key": KEY, "rule": "r1"}
    return Finding(severity=severity, at=at(minutes), **(content | fields))


def by_timer(minutes: float, severity: Any = "major", **fields: Any) -> Finding:
    subject = Subject("temperature", "d-1", "cold")
    return finding(minutes, severity, **({"event": None, "by_timer": True, "subject": subject} | fields))


def over(minutes: float) -> Finding:
    return finding(minutes, condition="resolved", edge=False)


def must(change: AlertChange | None) -> Alert:
    """The alert after a step, numbered as the store would."""
    assert change is not None
    if change.alert.id == 0:
        change.alert.id = 1
    return change.alert


def changes(change: AlertChange | None) -> list[str]:
    return [] if change is None else [one.change for one in change.transitions]


def firing(severity: Any = "major") -> Alert:
    return must(apply_finding(finding(0, severity), RULE, None))


def resolved(minutes: float = 5) -> Alert:
    return must(apply_finding(over(minutes), RULE, firing()))


def test_the_first_finding_raises():
    change = apply_finding(finding(0), RULE, None)
    alert = must(change)
    assert changes(change) == ["raised"]
    assert (alert.school, alert.device, alert.kind, alert.count) == ("s-1", "d-1", "intrusion", 1)
    assert (alert.raised_at, alert.last_seen_at, alert.condition) == (at(0), at(0), "firing")
    assert alert.title == {"zh": "甲", "en": "A"}
    assert alert.rule_version == RULE.version


def test_a_finding_by_timer_knows_its_subject():
    alert = must(apply_finding(by_timer(3), RULE, None))
    assert (alert.kind, alert.device, alert.zone, alert.count) == ("temperature", "d-1", "cold", 1)


def test_a_repeat_counts_and_tells_nobody():
    change = apply_finding(finding(3, edge=False), RULE, firing())
    assert changes(change) == []
    assert (must(change).count, must(change).last_seen_at) == (2, at(3))


def test_a_repeat_brings_the_latest_numbers():
    repeat = finding(3, edge=False, detail={"from": 2, "to": 1})
    assert must(apply_finding(repeat, RULE, firing())).detail["to"] == 1


def test_a_repeat_by_timer_is_nothing():
    assert apply_finding(by_timer(3, edge=False), RULE, firing()) is None


def test_severity_rises_and_tells_even_when_acknowledged():
    alert = must(acknowledge(firing(), "wang", at(1)))
    change = apply_finding(finding(3, "critical", edge=False), RULE, alert)
    assert changes(change) == ["severity_raised"]
    assert must(change).severity == "critical"
    assert must(change).acknowledged_by == "wang"


def test_severity_never_falls_while_firing():
    change = apply_finding(finding(3, "minor", edge=False), RULE, firing("critical"))
    assert changes(change) == []
    assert must(change).severity == "critical"


def test_a_timer_raises_the_severity_without_counting():
    change = apply_finding(by_timer(3, "critical", edge=False), RULE, firing())
    assert changes(change) == ["severity_raised"]
    assert (must(change).count, must(change).last_seen_at) == (1, at(0))


def test_resolving_a_major_alert_leaves_it_open():
    change = apply_finding(over(5), RULE, firing())
    alert = must(change)
    assert changes(change) == ["resolved"]
    assert (alert.condition, alert.resolved_at, alert.closed_at) == ("resolved", at(5), None)
    assert alert.acknowledged_at is None


@pytest.mark.parametrize(("severity", "closes"), [("minor", True), ("warning", True), ("major", False)])
def test_what_is_minor_closes_itself_without_a_transition_of_its_own(severity, closes):
    change = apply_finding(over(5), RULE, firing(severity))
    alert = must(change)
    assert changes(change) == ["resolved"]
    assert (alert.closed_by, alert.closed_at) == (("system", at(5)) if closes else (None, None))
    assert alert.disposition is None


def test_a_rule_may_keep_what_is_minor_open():
    alert = must(apply_finding(finding(0, "minor"), OPEN_RULE, None))
    assert must(apply_finding(over(5), OPEN_RULE, alert)).closed_at is None


def test_resolving_twice_or_what_never_was_is_nothing():
    assert apply_finding(over(6), RULE, resolved()) is None
    assert apply_finding(over(6), RULE, None) is None


@pytest.mark.parametrize(("minutes", "change"), [(15, "reopened"), (15.1, "raised")])
def test_within_ten_minutes_the_same_alert_comes_back(minutes, change):
    step = apply_finding(finding(minutes), RULE, resolved(5))
    assert changes(step) == [change]
    assert step is not None
    assert step.alert.id == (1 if change == "reopened" else 0)
    assert step.alert.condition == "firing"


def test_reopening_keeps_the_acknowledgement_of_what_was_not_closed():
    alert = must(acknowledge(resolved(), "wang", at(6)))
    again = must(apply_finding(finding(7, "minor"), RULE, alert))
    assert (again.acknowledged_by, again.count, again.resolved_at) == ("wang", 2, None)
    assert again.severity == "minor"


def test_reopening_what_had_closed_itself_starts_the_handling_anew():
    alert = must(acknowledge(firing("minor"), "wang", at(1)))
    closed = must(apply_finding(over(2), RULE, alert))
    again = must(apply_finding(finding(3, "minor"), RULE, closed))
    assert (again.closed_at, again.closed_by, again.acknowledged_at) == (None, None, None)


def test_closing_what_fires_is_one_transition():
    change = close(firing(), "confirmed", "wang", at(2), "seen", ["photo-1"])
    alert = must(change)
    assert changes(change) == ["closed"]
    assert (alert.condition, alert.resolved_at, alert.closed_by) == ("resolved", at(2), "wang")
    assert alert.disposition == "confirmed"
    assert change.transitions[0].detail == {
        "disposition": "confirmed",
        "evidence": ["photo-1"],
        "was_firing": True,
    }
    assert change.transitions[0].comment == "seen"


def test_after_a_close_by_hand_only_something_new_brings_it_back():
    closed = must(close(firing(), "false_alarm", "wang", at(2)))
    assert apply_finding(over(3), RULE, closed) is None
    assert apply_finding(by_timer(3, "critical", edge=False), RULE, closed) is None
    again = apply_finding(finding(4, edge=False), RULE, closed)
    assert changes(again) == ["reopened"]
    assert (must(again).closed_at, must(again).disposition) == (None, None)
    assert changes(apply_finding(finding(13, edge=False), RULE, closed)) == ["raised"]


def test_what_happened_before_a_close_by_hand_does_not_bring_it_back():
    closed = must(close(firing(), "false_alarm", "wang", at(2)))
    change = apply_finding(finding(4, edge=False, event=event(4, occurred=1)), RULE, closed)
    assert changes(change) == []
    assert must(change).count == 2
    assert must(change).closed_by == "wang"


def test_a_new_silence_after_a_close_by_hand_is_a_new_edge():
    closed = must(close(firing(), "confirmed", "wang", at(2)))
    assert changes(apply_finding(by_timer(30), RULE, closed)) == ["raised"]


def test_a_late_finding_only_counts():
    change = apply_finding(finding(7, late=True, edge=False), RULE, resolved())
    assert changes(change) == []
    assert must(change).count == 2
    assert must(change).condition == "resolved"
    assert apply_finding(finding(7, late=True, edge=False), RULE, None) is None


@pytest.mark.parametrize(("minutes", "expected"), [(7, "reopened"), (70, "raised")])
def test_late_news_of_life_and_death_is_told_as_such(minutes, expected):
    late = finding(minutes, late=True, event=event(minutes, "smoke", occurred=1))
    change = apply_finding(late, RULE, resolved())
    assert changes(change) == [expected]
    assert change is not None
    assert change.transitions[0].reason == "late_event"


def test_fifty_equal_findings_are_one_alert_one_transition():
    found = [finding(0)] + [finding(0, edge=False) for _ in range(49)]
    (change,) = apply_findings(found, {"r1": RULE}, {})
    assert changes(change) == ["raised"]
    assert change.alert.count == 50
    (after,) = apply_findings([over(1)], {"r1": RULE}, {("r1", KEY): must(change)})
    assert changes(after) == ["resolved"]


def test_each_rise_in_a_batch_is_a_transition_of_its_own():
    found = [finding(0, "minor"), finding(1, "major", edge=False), finding(2, "critical", edge=False)]
    (change,) = apply_findings(found, {"r1": RULE}, {})
    assert [(one.change, one.severity) for one in change.transitions] == [
        ("raised", "minor"),
        ("severity_raised", "major"),
        ("severity_raised", "critical"),
    ]


def test_an_alert_that_ends_and_one_that_begins_in_a_batch():
    found = [over(1), finding(30), over(31)]
    old, new = apply_findings(found, {"r1": RULE}, {("r1", KEY): firing()})
    assert (old.alert.id, changes(old)) == (1, ["resolved"])
    assert (new.alert.id, changes(new)) == (0, ["raised", "resolved"])


def test_an_alert_that_begins_ends_and_comes_back_in_one_batch():
    (change,) = apply_findings([finding(0), over(1), finding(2)], {"r1": RULE}, {})
    assert changes(change) == ["raised", "resolved", "reopened"]
    assert change.alert.count == 2


def test_findings_of_a_rule_that_is_gone_are_left_alone():
    assert apply_findings([finding(0)], {}, {}) == []


def test_nothing_given_is_changed_in_place():
    alert = firing()
    before = msgspec.structs.replace(alert)
    apply_finding(finding(3, "critical", edge=False), RULE, alert)
    apply_finding(over(3), RULE, alert)
    close(alert, "test", "wang", at(3))
    acknowledge(alert, "wang", at(3))
    assert alert == before


def test_acknowledging_resolves_nothing():
    change = acknowledge(firing(), "wang", at(1), " on my way ")
    assert changes(change) == ["acknowledged"]
    assert (must(change).condition, must(change).acknowledged_by) == ("firing", "wang")
    assert (change.transitions[0].actor, change.transitions[0].comment) == ("wang", "on my way")


def test_assigning_and_commenting():
    change = assign(firing(), "li", "wang", at(1))
    assert changes(change) == ["assigned"]
    assert must(change).assignee == "li"
    assert change.transitions[0].detail == {"from": None, "to": "li"}
    closed = must(close(firing(), "test", "wang", at(2)))
    assert changes(comment(closed, "was a drill", "li", at(3))) == ["commented"]


def test_reopening_by_hand_leaves_the_condition():
    closed = must(close(firing(), "duplicate", "wang", at(2)))
    change = reopen(closed, "li", at(3), "not the same")
    alert = must(change)
    assert changes(change) == ["reopened"]
    assert (alert.condition, alert.closed_at, alert.disposition) == ("resolved", None, None)
    assert change.transitions[0].detail == {"disposition": "duplicate", "closed_by": "wang"}


@pytest.mark.parametrize(
    "step",
    [
        lambda alert: acknowledge(alert, "li", at(3)),
        lambda alert: assign(alert, "li", "wang", at(3)),
        lambda alert: close(alert, "test", "li", at(3)),
    ],
)
def test_a_closed_alert_allows_no_handling(step):
    closed = must(close(firing(), "test", "wang", at(2)))
    with pytest.raises(Conflict, match="reopen it first"):
        step(closed)


def test_impossible_steps():
    with pytest.raises(Conflict, match="already acknowledged by wang"):
        acknowledge(must(acknowledge(firing(), "wang", at(1))), "li", at(2))
    with pytest.raises(Conflict, match="not closed"):
        reopen(firing(), "wang", at(1))
    with pytest.raises(Conflict, match="already assigned"):
        assign(must(assign(firing(), "li", "wang", at(1))), "li", "wang", at(2))
    with pytest.raises(Refused, match="not one of"):
        close(firing(), "ignored", "wang", at(1))
    with pytest.raises(Refused, match="empty"):
        comment(firing(), "  ", "wang", at(1))
    with pytest.raises(Refused, match="name whom"):
        assign(firing(), " ", "wang", at(1))
    with pytest.raises(Refused, match="longer than"):
        comment(firing(), "x" * 5000, "wang", at(1))
