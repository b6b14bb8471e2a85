"""Scheme files: what ships loads; what does not fit together is refused with file, line, place and reason."""

from decimal import Decimal
from pathlib import Path

import pytest

from safety_service.domain.errors import NotFound, Refused
from safety_service.domain.scoring.book import bind_book, pick
from safety_service.domain.scoring.numbers import read_date
from safety_service.domain.scoring.schemefile import load_scheme
from safety_service.services.schemes import load_schemes

SMALL = """\
id: xx.form
version: "1"
title: {zh: 表, en: Form}
authority: {zh: 局, en: Bureau}
source_ref: none
effective_from: 2026-01-01
direction: higher_is_better
inputs:
  as_of: date
  fields:
    - {name: date, type: date}
    - {name: since, type: date, required: false}
    - {name: sections, type: sections, maximum: 10, labels: [{zh: 一, en: One}, {zh: 二, en: Two}]}
    - {name: bad, type: count}
measure:
  op: mean_of_sections
  of: sections
  absent_section: drop
  rounding: {places: 1, mode: half_up, stage: before_band}
overrides:
  - when: {fact: bad, at_or_above: 1}
    effect: no_grade
    score: kept
    reason: bad
    labels: {zh: 坏, en: Bad}
bands:
  - {grade: good, labels: {zh: 好, en: Good}, min: "5.0", max: "10.0"}
  - {grade: poor, labels: {zh: 差, en: Poor}, min: "0.0", max: "4.9"}
outputs: {score: value, grade: grade}
"""


def problems_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        load_scheme(text, "xx.yaml")
    return refusal.value.problems


def test_a_small_scheme_loads_with_exact_decimals() -> None:
    scheme = load_scheme(SMALL, "xx.yaml")
    assert scheme.bands[1].max == Decimal("4.9")
    assert [scheme.rank(grade) for grade in ("good", "poor", None, "other")] == [2, 1, 0, 0]


def test_what_ships_loads() -> None:
    book = load_schemes()
    assert {"cn.dynamic_2012", "cn.annual_2012"} <= set(book)
    assert pick(book, "cn.dynamic_2012").aggregate == "cn.annual_2012"


@pytest.mark.parametrize(
    ("old", "new", "place", "reason"),
    [
        ("source_ref: none", "source: none", "xx.yaml:5 source", "is not a field of a scheme"),
        ('version: "1"\n', "", "xx.yaml:1 version", "is missing"),
        (
            "bad, type: count",
            "bad, type: count, unit: x",
            "xx.yaml:14 inputs.fields[3].unit",
            "is not a field of a scheme",
        ),
        ("grade: poor,", "grade: good,", "xx.yaml:27 bands[0].grade", "good is named twice"),
        (
            'max: "4.9"',
            'max: "4.8"',
            "xx.yaml:28 bands[1].max",
            "must be 4.9, so that bands meet without gap or overlap",
        ),
        (
            'max: "4.9"',
            'max: "5.0"',
            "xx.yaml:28 bands[1].max",
            "must be 4.9, so that bands meet without gap or overlap",
        ),
        (
            'max: "10.0"',
            'max: "9.9"',
            "xx.yaml:27 bands[0].max",
            "must be 10, so that bands meet without gap or overlap",
        ),
        ('min: "0.0"', 'min: "1.0"', "xx.yaml:28 bands[1].min", "nothing says what a value below 1.0 gets"),
        ('min: "0.0"', 'min: "0.05"', "xx.yaml:28 bands[1].min", "0.05 is finer than the rounding (0.1)"),
        (
            "fact: bad",
            "fact: worse",
            "xx.yaml:21 overrides[0].when.fact",
            "worse is not a number of this scheme (a count, a number, measured)",
        ),
        (
            "at_or_above: 1",
            "within_months: 2",
            "xx.yaml:21 overrides[0].when.fact",
            "bad is not a date of this scheme",
        ),
        (
            "at_or_above: 1",
            "at_or_above: 1, below: 3",
            "xx.yaml:21 overrides[0].when",
            "exactly one of within_months, at_or_above, above, at_or_below, below, equals is needed",
        ),
        (
            "as_of: date",
            "as_of: since",
            "xx.yaml:9 inputs.as_of",
            "since is not a required date of this scheme",
        ),
        (
            "of: sections",
            "of: bad",
            "xx.yaml:17 measure.of",
            "bad is not an input that mean_of_sections can take",
        ),
        ("name: since", "name: date", "xx.yaml:11 inputs.fields[0].name", "date is named twice"),
        (
            "effect: no_grade\n",
            "effect: no_grade\n    effect: no_grade\n",
            "xx.yaml:23 effect",
            "is given twice",
        ),
    ],
)
def test_a_wrong_scheme(old: str, new: str, place: str, reason: str) -> None:
    assert (place, reason) in problems_of(SMALL.replace(old, new, 1))


@pytest.mark.parametrize(
    ("text", "place"),
    [("id: [", "xx.yaml:1"), ("- 1", "xx.yaml"), ("", "xx.yaml"), ("a: &x 1\nb: *x", "xx.yaml:2")],
)
def test_text_that_is_no_scheme(text: str, place: str) -> None:
    assert problems_of(text)[0][0] == place


CHECKLIST = """\
checklist:
  source_ref: none
  absent_item: rescale
  sections_input: sections
  key_failed_input: bad
  sections: [{zh: 一, en: One}, {zh: 二, en: Two}]
  items:
    - {code: "1", section: 1, key: true, points: 10, labels: {zh: 甲, en: A}}
    - {code: "2", section: 2, key: false, points: 10, labels: {zh: 乙, en: B}}
"""


@pytest.mark.parametrize(
    ("old", "new", "place", "reason"),
    [
        (
            "section: 2, key: false, points: 10",
            "section: 2, key: false, points: 9",
            "items",
            "section 2 adds up to 9, not 10",
        ),
        ("section: 2, key: false", "section: 3, key: false", "items[1].section", "is needed, from 1 to 2"),
        ('code: "2"', 'code: "1"', "items", "code 1 is used 2 times"),
        (
            "key_failed_input: bad",
            "key_failed_input: sections",
            "key_failed_input",
            "sections is not a count of this scheme",
        ),
        (
            "sections_input: sections",
            "sections_input: bad",
            "sections_input",
            "is not an input with as many sections as the checklist",
        ),
    ],
)
def test_a_wrong_checklist(old: str, new: str, place: str, reason: str) -> None:
    load_scheme(SMALL + CHECKLIST, "xx.yaml")
    problems = problems_of(SMALL + CHECKLIST.replace(old, new, 1))
    assert (f"checklist.{place}", reason) in [(at.split(" ")[1], why) for at, why in problems]


def test_versions_follow_one_another() -> None:
    old = load_scheme(SMALL + "effective_to: 2026-06-30\n", "xx.yaml")
    new = load_scheme(
        SMALL.replace('version: "1"', 'version: "2"').replace("2026-01-01", "2026-07-01"), "xx.yaml"
    )
    book = bind_book([new, old])
    assert pick(book, "xx.form").version == "2"
    assert pick(book, "xx.form", read_date("2026-06-30")).version == "1"
    assert pick(book, "xx.form", read_date("2026-07-01")).version == "2"
    with pytest.raises(Refused, match=r"no version of xx\.form was in force on 2025-12-31"):
        pick(book, "xx.form", read_date("2025-12-31"))
    with pytest.raises(NotFound, match=r'no scheme "xx.fort" \(schemes: xx.form\)'):
        pick(book, "xx.fort")


def test_one_version_twice_and_a_missing_aggregate_are_refused() -> None:
    scheme = load_scheme(SMALL, "xx.yaml")
    with pytest.raises(Refused, match=r"version 1 of xx\.form is there twice"):
        bind_book([scheme, scheme])
    with pytest.raises(Refused, match=r"aggregate xx\.year is not a scheme here"):
        bind_book([load_scheme(SMALL + "aggregate: xx.year\n", "xx.yaml")])


def test_a_bureau_adds_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "xx.yaml").write_text(SMALL, encoding="utf-8")
    assert "xx.form" in load_schemes(tmp_path)
    (tmp_path / "yy.yaml").write_bytes(b"id: \xff")
    with pytest.raises(Refused, match=r"yy\.yaml: is not UTF-8 text"):
        load_schemes(tmp_path)
