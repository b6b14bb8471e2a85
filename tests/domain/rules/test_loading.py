"""Rule files: everything wrong is named with its line; what is allowed but doubtful is a warning."""

from datetime import timedelta

import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.rules.durations import parse_duration, show_duration
from safety_service.domain.rules.loading import load_rules
from tests.domain.rules.world import rules

HEAD = "id: a, title: {zh: 甲, en: A}"


def problems(text):
    with pytest.raises(Refused) as caught:
        load_rules(text, "f.yaml")
    return caught.value.problems


def of_one(body):
    return problems(f"rules:\n  - {{{HEAD}, {body}}}\n")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("kind: event", "severity is missing"),
        (
            "kind: event, severity: major, quite_for: 10m",
            "unknown field 'quite_for'; did you mean 'quiet_for'?",
        ),
        ("kind: event, severity: high", "'high' is not one of"),
        ("kind: event, severity: major, quiet_for: 10", "10 is no duration; write a number with its unit"),
        ("kind: event, severity: major, quiet_for: 0s", "must be longer than nothing, or never"),
        ("kind: event, severity: major, quiet_for: 99999d", "is longer than"),
        ("kind: event, severity: major, match: {knd: smoke}", "unknown field 'knd'; did you mean 'kind'?"),
        (
            "kind: event, severity: major, match: {kind: smok}",
            "'smok' is no event kind; did you mean 'smoke'?",
        ),
        ("kind: event, severity: major, match: {phase: begin}", "'begin' is no phase"),
        ("kind: event, severity: major, match: {school: 370828}", "is not a text; put it in quotes"),
        ("kind: event, severity: major, match: {kind: []}", "the list is empty"),
        (
            "kind: event, severity: major, match: {kind: {nt: smoke}}",
            "a value, a list of values, or {not: [...]}",
        ),
        ("kind: event, severity: major, match: {value: 5}", "must be a comparison"),
        ("kind: event, severity: major, match: {value: {above: 5, below: 4}}", "no number can satisfy"),
        ("kind: event, severity: major, match: [smoke]", "should be a valid dictionary"),
        ("kind: event, severity: major, key: [school, devise]", "did you mean 'device'?"),
        ("kind: event, severity: major, key: []", "at least 1 item"),
        (
            "kind: event, severity: major, active: nigth",
            "there is no calendar 'nigth'; did you mean 'night'?",
        ),
        ("kind: event, severity: major, active: night, except: night", "has both active and except"),
        ("kind: event, severity: major, inhibited_by: [{rule: b}]", "there is no rule 'b'"),
        ("kind: event, severity: major, inhibited_by: [{rule: a}]", "round in a circle: a -> a"),
        ("kind: event, severity: major, inhibited_by: [{rule: a, equal: [zon]}]", "did you mean 'zone'?"),
        ("kind: event, severity: major, reopen_within: soon", "is no duration"),
        ("kind: event, severity: major, enabled: maybe", "valid boolean"),
        ("kind: threshold", "raise is missing"),
        ("kind: threshold, raise: []", "at least 1 item"),
        ("kind: threshold, raise: [{severity: minor}]", "needs a comparison"),
        ("kind: threshold, raise: [{severity: minor, above: high}]", "valid number"),
        ("kind: threshold, raise: [{severity: minor, above: .inf}]", "valid number"),
        ("kind: threshold, raise: [{severity: minor, above: true}]", "valid number"),
        ("kind: threshold, raise: [{severity: minor, abov: 3, above: 2}]", "did you mean 'above'?"),
        ("kind: threshold, raise: [{severity: minor, above: 5}], clear: {at_or_below: 6}", "clear overlaps"),
        (
            "kind: threshold, raise: [{severity: minor, at_or_above: 5}], clear: {at_or_below: 5}",
            "clear overlaps",
        ),
        ("kind: absence, severity: minor", "silent_for is missing"),
        ("kind: absence, severity: minor, silent_for: 0s", "must be longer than nothing"),
        (
            "kind: absence, severity: minor, silent_for: 1h, match: {phase: start}",
            "silence of a device is matched",
        ),
        (
            "kind: absence, severity: minor, silent_for: 1h, match: {kind: {not: [motion]}}",
            "needs the kind itself",
        ),
        ("kind: change, raise: [{severity: minor}]", "needs either falls_by or rises_by"),
        ("kind: change, raise: [{severity: minor, falls_by: 1, rises_by: 1}]", "needs either"),
        ("kind: change, raise: [{severity: minor, falls_by: -1}]", "greater than 0"),
        ("kind: evnt, severity: minor", "unknown rule kind 'evnt'; did you mean 'event'?"),
        ("kind: overdue, of: duty", "needs a severity, or raise with one level at least"),
        ("kind: overdue, of: lunch, severity: minor", "'lunch' is not one of"),
        ("kind: overdue, severity: minor", "of is missing"),
        ("kind: overdue, of: duty, severity: minor, raise: [{severity: warning, late_by: 1h}]", "is graver"),
        ("kind: overdue, of: duty, severity: minor, raise: [{severity: major}]", "at the same time"),
        ("kind: overdue, of: duty, severity: minor, raise: [{severity: major, late: 1h}]", "mean 'late_by'?"),
        ("kind: overdue, of: duty, severity: minor, match: {kind: smoke}", "what is owed is matched by"),
    ],
)
def test_one_mistake_is_named(body, reason):
    found = of_one(body)
    assert any(place == "f.yaml:2" and reason in text for place, text in found), found


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "f.yaml:1", "is empty"),
        ("rules: [", "f.yaml:1", "is not YAML"),
        ("- a", "f.yaml:1", "has a list `rules`"),
        ("rules: 5", "f.yaml:1", "rules are a list"),
        ("rules:\n  - smoke", "f.yaml:2", "a rule is a set of fields"),
        ("rule: []\nrules: []", "f.yaml:1", "unknown field 'rule'; did you mean 'rules'?"),
        ("rules:\n  - {kind: event, severity: minor, title: {zh: 甲, en: A}}", "f.yaml:2", "id is missing"),
        ("rules:\n  - {id: a, kind: event, severity: minor}", "f.yaml:2", "title is missing"),
        ("rules:\n  - {id: a, kind: event, severity: minor, title: {zh: 甲}}", "f.yaml:2", "en is missing"),
        (
            "rules:\n  - {id: a b, kind: event, severity: minor, title: {zh: 甲, en: A}}",
            "f.yaml:2",
            "is no id",
        ),
        ("rules:\n  - {id: a,\n     id: b}", "f.yaml:3", "'id' is given twice"),
        ("calendars:\n  term: {windows: [8-9]}\nrules: []", "f.yaml:2", "is no time of day"),
        ("calendars:\n  term: {window: [08:00-09:00]}\nrules: []", "f.yaml:2", "unknown field"),
        ("rules: &a\n  - *a", "f.yaml:1", "nested too deeply"),
        ("rules: \x00", "f.yaml:1", "is not YAML"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole(text, place, reason):
    found = problems(text)
    assert any(where == place and reason in why for where, why in found), found


def test_all_problems_are_named_in_the_order_of_the_file():
    text = """
rules:
  - id: a
    title: {zh: 甲, en: A}
    kind: event
    severity: majr
    mach: {}
  - id: b
    title: {en: B}
    kind: threshold
    match: {kind: temperature}
    raise: [{severity: minor, above: 3}]
    clear: {below: 2, fr: 1m}
"""
    assert [place for place, _ in problems(text)] == ["f.yaml:6", "f.yaml:7", "f.yaml:9", "f.yaml:13"]


def test_an_id_that_is_taken_names_the_first_line():
    line = f"  - {{{HEAD}, kind: event, severity: minor}}\n"
    assert problems(f"rules:\n{line}{line}") == [("f.yaml:3", "the id 'a' is already taken in line 2")]


def test_a_circle_of_three_is_named_once():
    with pytest.raises(Refused) as caught:
        rules(*(f"kind: event, severity: minor, inhibited_by: [{{rule: r{n % 3 + 1}}}]" for n in (1, 2, 3)))
    assert [reason for _, reason in caught.value.problems] == [
        "inhibition goes round in a circle: r1 -> r2 -> r3 -> r1"
    ]


@pytest.mark.parametrize(
    ("body", "warning"),
    [
        ("kind: event, severity: minor", "fires for everything"),
        ("kind: event, severity: minor, match: {kind: temperature}", "can never fire"),
        ("kind: event, severity: minor, match: {kind: smoke, phase: end}", "can never fire"),
        (
            "kind: event, severity: minor, match: {kind: smoke}, active: night",
            "a calendar never holds back smoke",
        ),
        (
            "kind: event, severity: minor, match: {kind: motion, phase: start}, quiet_for: never",
            "only an end ends",
        ),
        ("kind: event, severity: minor, match: {kind: {not: [smoke]}}", "fires for everything"),
        ("kind: event, severity: minor, match: {kind: smoke, phase: [end, state]}", "can never fire"),
        ("kind: event, severity: minor, match: {kind: motion, severity_hint: bad}", "no device says bad"),
        (
            "kind: threshold, match: {kind: co2, value: {below: 5}}, raise: [{severity: minor, above: 8}]",
            "minor can never fire: the match lets no such value through",
        ),
        ("kind: threshold, match: {kind: fight}, raise: [{severity: minor, above: 8}]", "are not measured"),
        ("kind: change, match: {kind: fight}, raise: [{severity: minor, rises_by: 8}]", "are not measured"),
        ("kind: event, severity: minor, match: {kind: motion}, key: [device]", "the school is added"),
        ("kind: event, severity: minor, match: {kind: motion}, enabled: false", "switched off"),
        ("kind: threshold, raise: [{severity: minor, above: 3}]", "name a kind"),
        (
            "kind: threshold, match: {kind: co2}, "
            "raise: [{severity: minor, above: 9, for: 5m}, {severity: major, above: 8}]",
            "minor can never fire: major always does so first",
        ),
    ],
)
def test_what_is_hardly_meant_is_a_warning(body, warning):
    found = rules(body).warnings
    assert any(warning in reason and place == "rules.yaml:3" for place, reason in found), found


def test_a_rule_keeps_what_acts_on_it_later():
    loaded = rules(
        "kind: event, severity: minor, match: {kind: motion}, channels: [duty], escalation: night, "
        "labels: {team: gate}, inhibited_by: [{rule: r2, equal: [school, zone]}], reopen_within: 1h, "
        "auto_close: false",
        "kind: event, severity: minor, match: {kind: crowd}",
    ).rules["r1"]
    assert loaded.channels == ("duty",)
    assert loaded.escalation == "night"
    assert loaded.labels == {"team": "gate"}
    assert (loaded.inhibited_by[0].rule, loaded.inhibited_by[0].equal) == ("r2", ["school", "zone"])
    assert loaded.reopen_within.total_seconds() == 3600
    assert loaded.auto_close is False


def test_the_version_is_that_of_the_meaning():
    one = rules("kind: event, severity: minor, match: {kind: motion}").rules["r1"]
    same = rules("match: {kind: motion}, severity: minor,    kind: event").rules["r1"]
    other = rules("kind: event, severity: major, match: {kind: motion}").rules["r1"]
    assert one.version == same.version != other.version


def test_a_file_may_bring_its_own_calendars():
    loaded = rules(
        "kind: event, severity: minor, match: {kind: motion}, active: exam",
        top="calendars: {exam: {windows: [07:00-12:00, 22:00-24:00], weekdays: [sat]}}",
    )
    assert loaded.calendars["exam"].weekdays == frozenset({5})
    assert "night" in loaded.calendars


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("1m0.5s", 60.5),
        ("1m30s", 90),
        ("0s", 0),
    ],
)
def test_durations(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)
    assert parse_duration(show_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["1.5", "s", "1.s", "1s1s", "1 s", "-1s", "1.2345s", "٣s"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match=r"duration|twice"):
        parse_duration(text)
