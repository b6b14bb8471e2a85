"""Vendor profiles: what a code means, what a file may say, and where it is told to be wrong."""

import re
from pathlib import Path

import pytest

from safety_service.domain.decoding.kinds import KINDS, SERVICE_KINDS
from safety_service.domain.decoding.profilefile import load_profile
from safety_service.domain.decoding.profiles import Mapped, Profile, code_text
from safety_service.domain.errors import Refused
from safety_service.services.vendors import load_profiles

SMALL = """
id: small
title: {zh: 小, en: Small}
codes:
  NoHat: {kind: no_chef_hat, severity: minor}
  "7": {kind: smoking}
  nothing: {kind: other}
"""


def test_a_code_is_found_as_it_is_else_in_any_case() -> None:
    profile = load_profile(SMALL, "small.yaml")
    assert profile.look_up("NoHat") == Mapped("no_chef_hat", "minor")
    assert profile.look_up(" nohat ") == Mapped("no_chef_hat", "minor")
    assert profile.look_up(7) == profile.look_up("7") == Mapped("smoking")
    assert profile.look_up("nothing").known
    for unknown in ("8", "", None, "No Hat"):
        assert profile.look_up(unknown) == Mapped("other", None, False)


def test_an_own_file_adds_to_a_known_profile_and_replaces_what_it_names() -> None:
    base = load_profile(
        SMALL + "fields: {code: type, time: at}\nphases: {go: start}\nanswer: {code: 0}\n", "small.yaml"
    )
    own = "id: small\ncodes:\n  NoHat: {kind: no_mask}\n  '9': {kind: fire}\nfields: {time: when}\n"
    merged = load_profile(own, "own.yaml", {"small": base})
    assert merged.look_up("nohat").kind == "no_mask"
    assert [merged.look_up(code).kind for code in ("7", "9")] == ["smoking", "fire"]
    assert {name: path.text for name, path in merged.fields.items()} == {"code": "type", "time": "when"}
    assert (merged.title, merged.phases, merged.answer) == (base.title, base.phases, {"code": 0})


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("[1]", "f.yaml:1", "a vendor profile is a set of fields"),
        ("id: Ä\ntitle: {zh: a, en: b}", "f.yaml:1", "an id is"),
        ("id: a", "f.yaml:1", "a title is"),
        ("id: a\ntitle: {zh: a}", "f.yaml:2", "a title is"),
        (SMALL + "colour: red", "f.yaml:8", "unknown field 'colour'"),
        (SMALL + "  x: {kind: smokng}", "f.yaml:8", "unknown kind 'smokng'; did you mean 'smoking'?"),
        (SMALL + "  x: {kind: inspection_graded}", "f.yaml:8", "unknown kind"),
        (SMALL + "  x: {}", "f.yaml:8", "the kind is missing"),
        (SMALL + "  x: smoking", "f.yaml:8", "a code is given as"),
        (SMALL + "  x: {kind: smoking, severity: bad}", "f.yaml:8", "unknown severity 'bad'"),
        (SMALL + "  x: {kind: smoking, sevrity: minor}", "f.yaml:8", "unknown field 'sevrity'; did you mean"),
        (SMALL + "  '7': {kind: fire}", "f.yaml:8", "'7' is given twice"),
        (SMALL + "  NOHAT: {kind: fire}", "f.yaml:8", "are the same code and differ"),
        (SMALL + "  ' ': {kind: fire}", "f.yaml:8", "a code has 1 to"),
        (SMALL + "fields: {code: a..b}", "f.yaml:8", "a field name is missing"),
        (SMALL + "fields: {code: 5}", "f.yaml:8", "a path is a text"),
        (SMALL + "fields: {code: a, colour: b}", "f.yaml:8", "unknown field 'colour'"),
        (SMALL + "fields: {time: a}", "f.yaml:8", "without a field `code`"),
        (SMALL + "fields: {code: a, time_format: soon}", "f.yaml:8", "a time format is"),
        (SMALL + "fields: {code: a, time_format: '%Q'}", "f.yaml:8", "a time format is"),
        (SMALL + "match: {a: {b: 1}}", "f.yaml:8", "a match is"),
        (SMALL + "match: {'a[': 1}", "f.yaml:8", "a dot is missing"),
        (SMALL + "answer: {id: '$.a['}", "f.yaml:8", "a dot is missing"),
        (SMALL + "match: [a]", "f.yaml:8", "match are names with their values"),
        (SMALL + "phases: {go: begin}", "f.yaml:8", "one of start, update"),
        (SMALL + "severities: {1: high}", "f.yaml:8", "one of critical, major"),
        (SMALL + "attributes: {No: a}", "f.yaml:8", "an attribute is lower-case"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, place: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        load_profile(text, "f.yaml")
    places = [(where, why) for where, why in caught.value.problems if reason in why]
    assert [where for where, _ in places] == [place], caught.value.problems


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(Refused) as caught:
        load_profile("id: a\ntitle: 5\ncodes: {a: {kind: x}, b: {kind: y}}\nfields: {code: '['}", "f.yaml")
    assert [place for place, _ in caught.value.problems] == [
        "f.yaml:2",
        "f.yaml:3",
        "f.yaml:3",
        "f.yaml:4",
    ]


def test_the_profiles_in_the_manual_can_be_used() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "devices" / "aibox.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```yaml\n(.*?)^```", manual, re.MULTILINE | re.DOTALL)
    known = {one.id: one for one in load_profiles()}
    whole, more = (load_profile(text, "manual.yaml", known) for text in examples)
    assert set(whole.fields) | {"time_format"} >= {"code", "time", "device", "channel"}
    assert more.look_up("sleeping").kind == "off_post"


@pytest.mark.parametrize("profile", load_profiles(), ids=lambda profile: profile.id)
def test_the_shipped_profiles_can_be_used(profile: Profile) -> None:
    assert profile.codes
    assert {one.kind for one in profile.codes.values()} <= KINDS - SERVICE_KINDS
    assert all(profile.look_up(code) == meaning for code, meaning in profile.codes.items())


@pytest.mark.parametrize(
    ("raw", "stored"),
    [(7, "7"), (" a\x00b ", "ab"), ("x" * 500, "x" * 64), ("未戴口罩", "未戴口罩"), ("\u200bx", "x")],
)
def test_a_code_is_stored_short_and_visible(raw: object, stored: str) -> None:
    assert code_text(raw) == stored
