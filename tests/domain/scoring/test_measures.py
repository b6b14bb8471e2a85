"""Measures and effects that no shipped scheme needs, in small forms of their own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety_service.domain.scoring.scheme import Scheme
from safety_service.domain.scoring.schemefile import load_scheme
from safety_service.domain.scoring.score import score

HEAD = """\
id: xx.form
version: "1"
title: {zh: 表, en: Form}
authority: {zh: 局, en: Bureau}
source_ref: none
effective_from: 2026-01-01
"""


def form(body: str) -> Scheme:
    return load_scheme(HEAD + body, "xx.yaml")


SMILEY = form("""
direction: lower_is_better
inputs:
  fields:
    - {name: areas, type: sections, maximum: 4, labels: [{zh: 一, en: 1}, {zh: 二, en: 2}, {zh: 三, en: 3}]}
measure: {op: worst, of: areas}
bands:
  - {grade: smile, labels: {zh: 笑, en: Smile}, max: 1}
  - {grade: straight, labels: {zh: 平, en: Straight}, min: 1, min_incl: false, max: 3, max_incl: false}
  - {grade: sour, labels: {zh: 哭, en: Sour}, min: 3}
outputs: {grade: grade, worst: value}
""")


@pytest.mark.parametrize(
    ("areas", "grade", "worst", "section"),
    [([1, 1, 1], "smile", "1", 1), ([1, 2, 1], "straight", "2", 2), ([1, None, 3], "sour", "3", 3)],
)
def test_the_whole_is_no_better_than_its_worst_part(
    areas: list[Any], grade: str, worst: str, section: int
) -> None:
    result = score(SMILEY, {"areas": areas})
    assert result.outputs == {"grade": grade, "worst": worst}
    assert result.reckoning["worst_section"] == section


def test_where_higher_is_better_the_worst_is_the_lowest() -> None:
    rising = form("""
direction: higher_is_better
inputs: {fields: [{name: areas, type: sections, maximum: 10, labels: [{zh: 一, en: 1}, {zh: 二, en: 2}]}]}
measure: {op: worst, of: areas}
bands:
  - {grade: good, labels: {zh: 好, en: Good}, min: 5}
  - {grade: poor, labels: {zh: 差, en: Poor}, max: 5, max_incl: false}
outputs: {grade: grade, worst: value}
""")
    assert score(rising, {"areas": [9, "4.9"]}).outputs == {"grade": "poor", "worst": "4.9"}
    assert score(rising, {"areas": [9, 5]}).outputs == {"grade": "good", "worst": "5"}


INDEX = form("""
direction: higher_is_better
scores: year
inputs: {as_of: on, fields: [{name: on, type: date}, {name: seen, type: visits, maximum: 10}]}
measure:
  op: weighted_mean
  of: seen
  half_life_days: 180
  rounding: {places: 1, mode: half_up, stage: before_band}
bands:
  - {grade: high, labels: {zh: 高, en: High}, min: "8.0"}
  - {grade: low, labels: {zh: 低, en: Low}, max: "7.9"}
outputs: {index: value, grade: grade, counted: count}
""")


def seen(*entries: tuple[str, str | None]) -> dict[str, Any]:
    return {"on": "2026-06-30", "seen": [{"date": day, "score": value} for day, value in entries]}


def test_a_visit_one_half_life_ago_weighs_half() -> None:
    result = score(INDEX, seen(("2026-06-30", "8.0"), ("2026-01-01", "9.0")))
    assert result.outputs == {"index": "8.3", "grade": "high", "counted": 2}
    assert [line["weight"] for line in result.reckoning["counted"]] == ["0.500000", "1.000000"]
    assert result.reckoning["unrounded"] == "8.333333"


def test_what_lies_ahead_and_what_has_no_score_do_not_count() -> None:
    result = score(INDEX, seen(("2026-07-01", "1.0"), ("2026-06-01", None), ("2020-01-01", "7.5")))
    assert result.outputs == {"index": "7.5", "grade": "low", "counted": 1}
    nothing = score(INDEX, seen())
    assert nothing.outputs == {"index": None, "grade": None, "counted": 0}
    assert nothing.decided_by["rule"] == "measure"


@given(
    st.lists(
        st.tuples(st.dates(), st.integers(0, 100).map(lambda n: f"{n // 10}.{n % 10}")),
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_visits_changes_no_index_and_it_lies_between_them(
    visits: list[Any], random: Any
) -> None:
    entries = [(day.isoformat(), value) for day, value in visits]
    first = score(INDEX, seen(*entries))
    assert score(INDEX, seen(*random.sample(entries, len(entries)))).outputs == first.outputs
    counted = [float(line["score"]) for line in first.reckoning["counted"]]
    if counted:
        assert min(counted) <= float(first.outputs["index"]) <= max(counted)


MOVED = """
direction: higher_is_better
inputs:
  fields:
    - {name: points, type: number, max: 100}
    - {name: kind, type: choice, values: [plain, strict, kind, fixed]}
    - {name: late, type: count, required: false}
measure: {op: sum, of: [points]}
overrides:
  - {when: {fact: kind, equals: strict}, effect: cap, grade: B, reason: strict, labels: {zh: 严, en: x}}
  - {when: {fact: kind, equals: kind}, effect: floor, grade: B, reason: kind, labels: {zh: 宽, en: x}}
  - {when: {fact: kind, equals: fixed}, effect: set, grade: C, reason: fixed, labels: {zh: 定, en: x}}
  - {when: {fact: late, above: 1}, effect: add_points, points: "-0.5", reason: late, labels: {zh: 迟, en: x}}
  - {when: {fact: late, above: 3}, effect: add_points, points: -1, reason: later, labels: {zh: 更迟, en: x}}
  - {when: {fact: measured, below: 0}, effect: no_grade, score: kept, reason: under, labels: {zh: 负, en: x}}
bands:
  - {grade: A, labels: {zh: 甲, en: A}, min: 90}
  - {grade: B, labels: {zh: 乙, en: B}, min: 60, max: 90, max_incl: false}
  - {grade: C, labels: {zh: 丙, en: C}, min: 0, max: 60, max_incl: false}
outputs: {grade: grade, score: value, reason: reason}
"""


@pytest.mark.parametrize(
    ("inputs", "grade", "value", "reason", "rule"),
    [
        ({"points": 90, "kind": "plain"}, "A", "90", None, "bands[0]"),
        ({"points": "89.99", "kind": "plain"}, "B", "89.99", None, "bands[1]"),
        ({"points": 95, "kind": "strict"}, "B", "95", "strict", "overrides[0]"),
        ({"points": 50, "kind": "strict"}, "C", "50", None, "bands[2]"),
        ({"points": 50, "kind": "kind"}, "B", "50", "kind", "overrides[1]"),
        ({"points": 95, "kind": "kind"}, "A", "95", None, "bands[0]"),
        ({"points": 95, "kind": "fixed"}, "C", "95", "fixed", "overrides[2]"),
        ({"points": 90, "kind": "plain", "late": 1}, "A", "90", None, "bands[0]"),
        ({"points": 90, "kind": "plain", "late": 2}, "B", "89.5", None, "bands[1]"),
        ({"points": 61, "kind": "plain", "late": 4}, "C", "59.5", None, "bands[2]"),
        ({"points": 1, "kind": "plain", "late": 4}, None, "-0.5", "under", "overrides[5]"),
    ],
)
def test_what_moves_a_grade(
    inputs: dict[str, Any], grade: str | None, value: str, reason: str | None, rule: str
) -> None:
    result = score(form(MOVED), inputs)
    assert result.outputs == {"grade": grade, "score": value, "reason": reason}
    assert result.decided_by["rule"] == rule


def test_points_added_are_in_the_reckoning() -> None:
    reckoning = score(form(MOVED), {"points": 61, "kind": "plain", "late": 4}).reckoning
    assert reckoning["rounded"] == "61"
    assert reckoning["added_points"] == [
        {"reason": "late", "points": "-0.5"},
        {"reason": "later", "points": "-1"},
    ]
    assert reckoning["with_added_points"] == "59.5"
    assert [line["applies"] for line in reckoning["overrides"]] == [False, False, False, True, True, False]


def test_a_kind_of_visit_that_gives_no_grade_at_all() -> None:
    text = MOVED + (
        "visit_types: {input: kind, types: [{visit: plain, graded: 'yes'}, {visit: strict, graded: 'yes'},"
        " {visit: kind, graded: 'no', reason: advice, labels: {zh: 指导, en: Advice}},"
        " {visit: fixed, graded: 'yes'}]}"
    )
    result = score(form(text), {"points": 95, "kind": "kind"})
    assert (result.outputs["grade"], result.outputs["reason"]) == (None, "advice")
    assert result.decided_by["rule"] == "visit_types.types[2]"


def test_key_items_may_limit_a_band_of_section_means() -> None:
    keyed = form("""
direction: higher_is_better
inputs:
  fields:
    - {name: parts, type: sections, maximum: 10, labels: [{zh: 一, en: 1}, {zh: 二, en: 2}]}
    - {name: key_items, type: count}
measure:
  op: mean_of_sections
  of: parts
  key: key_items
  absent_section: drop
  rounding: {places: 0, mode: half_up, stage: before_band}
bands:
  - {grade: good, labels: {zh: 好, en: Good}, min: 8, max_key_failed: 0}
  - {grade: fair, labels: {zh: 中, en: Fair}, min: 5, max_key_failed: 1}
  - {grade: poor, labels: {zh: 差, en: Poor}}
outputs: {grade: grade, failed: key_failed}
""")
    graded = [score(keyed, {"parts": [9, 8], "key_items": n}).outputs["grade"] for n in (0, 1, 2)]
    assert graded == ["good", "fair", "poor"]
