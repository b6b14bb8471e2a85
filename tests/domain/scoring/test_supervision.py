"""cn.checklist_2016: the class by the exact pass rate and the key items, from tallies and from a form."""

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.form import score_form
from safety_service.domain.scoring.score import score
from safety_service.services.schemes import known_schemes

FORM = known_schemes()["cn.checklist_2016"][-1]
GRADED = known_schemes()["cn.dynamic_2012"][-1]
ITEMS = FORM.checklist.items if FORM.checklist else ()
KEY = [item.code for item in ITEMS if item.key]
GENERAL = [item.code for item in ITEMS if not item.key]


def tallies(
    passed: int, checked: int = 23, absent: int = 0, key_failed: int = 0, key_checked: int = 7
) -> dict[str, Any]:
    return {
        "key": {"checked": key_checked, "failed": key_failed},
        "general": {"checked": checked, "not_applicable": absent, "passed": passed},
    }


@pytest.mark.parametrize(
    ("inputs", "rate", "result"),
    [
        (tallies(23), "100.00", "符合"),
        (tallies(22), "95.65", "基本符合"),
        (tallies(14, 20), "70.00", "基本符合"),
        (tallies(7, 10), "70.00", "基本符合"),
        (tallies(16), "69.57", "不符合"),
        (tallies(0), "0.00", "不符合"),
        (tallies(23, key_failed=1), "100.00", "基本符合"),
        (tallies(14, 20, key_failed=1), "70.00", "基本符合"),
        (tallies(16, key_failed=1), "69.57", "不符合"),
        (tallies(23, key_failed=2), "100.00", "不符合"),
        (tallies(23, key_failed=7), "100.00", "不符合"),
        (tallies(18, 23, 5), "100.00", "符合"),
        (tallies(14, 23, 3), "70.00", "基本符合"),
        (tallies(13, 23, 4), "68.42", "不符合"),
        (tallies(5, 7, key_checked=3), "71.43", "基本符合"),
        # The class follows the fraction, not what two decimals show of it.
        (tallies(13_999, 20_000), "70.00", "不符合"),
        (tallies(99_999, 100_000), "100.00", "基本符合"),
    ],
)
def test_the_class(inputs: dict[str, Any], rate: str, result: str) -> None:
    outputs = score(FORM, inputs).outputs
    assert outputs == {"general_pass_rate_percent": rate, "result": result}


@pytest.mark.parametrize(("key_failed", "result"), [(0, "符合"), (1, "基本符合"), (2, "不符合")])
def test_without_an_item_that_applies_there_is_no_rate_and_none_failed(key_failed: int, result: str) -> None:
    outputs = score(FORM, tallies(0, 7, 7, key_failed)).outputs
    assert outputs == {"general_pass_rate_percent": None, "result": result}


@pytest.mark.parametrize(
    ("inputs", "place", "reason"),
    [
        (tallies(7, 6), "general.checked", "6 is below the minimum of 7"),
        (tallies(0, 0), "general.checked", "0 is below the minimum of 7"),
        (tallies(23, key_checked=2), "key.checked", "2 is below the minimum of 3"),
        (tallies(23, key_failed=8), "key.failed", "failed 8 is more than the 7 checked"),
        (tallies(23, 23, 1), "general.passed", "not_applicable 1 + passed 23 is more than the 23 checked"),
        ({**tallies(23), "key": {"checked": 7}}, "key.failed", "is missing"),
        ({**tallies(23), "key": {"checked": 7, "failed": -1}}, "key.failed", "-1 is below the minimum of 0"),
        ({**tallies(23), "key": {"checked": 7, "failed": "x"}}, "key.failed", '"x" is not a whole number'),
        ({**tallies(23), "key": 7}, "key", "is not an object with checked, failed"),
        ({"key": {"checked": 7, "failed": 0}}, "general", "is missing"),
        (
            {**tallies(23), "key": {"checked": 7, "failed": 0, "passed": 7}},
            "key.passed",
            "is not a count here (counts: checked, failed)",
        ),
    ],
)
def test_wrong_tallies(inputs: dict[str, Any], place: str, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        score(FORM, inputs)
    assert refusal.value.problems == [(place, reason)]


def test_not_applicable_may_be_left_out() -> None:
    inputs = {"key": {"checked": 7, "failed": 0}, "general": {"checked": 23, "passed": 18}}
    assert score(FORM, inputs).outputs["general_pass_rate_percent"] == "78.26"


@given(st.integers(0, 3), st.integers(7, 40), st.integers(0, 40), st.integers(0, 40))
def test_one_more_that_passed_never_lowers_the_class(
    key_failed: int, checked: int, absent: int, passed: int
) -> None:
    absent = min(absent, checked)
    passed = min(passed, checked - absent)
    before = score(FORM, tallies(passed, checked, absent, key_failed))
    by_hand = {0: 2, 1: 1}.get(key_failed, 0)
    rate = Fraction(passed * 100, checked - absent) if checked > absent else Fraction(100)
    assert before.rank == 1 + min(by_hand, 2 if rate == 100 else 1 if rate >= 70 else 0)
    if passed < checked - absent:
        assert score(FORM, tallies(passed + 1, checked, absent, key_failed)).rank >= before.rank


def answers(**results: str) -> list[dict[str, Any]]:
    changed = {name.lstrip("_").replace("_", "."): result for name, result in results.items()}
    given = [{"code": item.code, "result": changed.get(item.code, "pass")} for item in ITEMS]
    return [answer for answer in given if answer["result"] != "unchecked"]


def test_the_form_is_that_of_the_grade_without_its_points() -> None:
    graded = GRADED.checklist.all_items() if GRADED.checklist else ()
    own = FORM.checklist.all_items() if FORM.checklist else ()
    assert (len(KEY), len(GENERAL)) == (7, 23)
    assert [(i.code, i.section, i.key, i.labels) for i in own] == [
        (i.code, i.section, i.key, i.labels) for i in graded
    ]


def test_items_become_tallies() -> None:
    items = answers(_3_1="fail", _7_5="absent", _8_1="absent", _9_3="absent", _2_1="fail", _2_2="unchecked")
    result = score_form(FORM, {"items": [*items, {"code": "S.1", "result": "fail"}]})
    assert result.inputs == {
        "key": {"checked": 6, "failed": 1},
        "general": {"checked": 22, "not_applicable": 2, "passed": 19},
    }
    assert result.outputs == {"general_pass_rate_percent": "95.00", "result": "基本符合"}
    shown = {item["code"]: item["result"] for item in result.reckoning["items"]}
    assert (shown["2.1"], shown["7.5"], shown["S.1"]) == ("fail", "absent", "fail")
    assert "2.2" not in shown


def test_the_order_of_answers_changes_nothing() -> None:
    items = answers(_3_1="fail", _7_5="absent", _2_1="fail")
    first = score_form(FORM, {"items": items})
    for seed in range(5):
        assert score_form(FORM, {"items": random.Random(seed).sample(items, len(items))}) == first


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        ([*KEY[:2], *GENERAL], "key items checked: 2 is below the minimum of 3"),
        ([*KEY, *GENERAL[:6]], "general items checked: 6 is below the minimum of 7"),
    ],
)
def test_too_few_items(codes: list[str], reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        score_form(FORM, {"items": [{"code": code, "result": "pass"} for code in codes]})
    assert refusal.value.problems == [("items", reason)]


def test_the_fewest_items_that_a_visit_may_check() -> None:
    items = [{"code": code, "result": "pass"} for code in [*KEY[:3], *GENERAL[:7]]]
    assert score_form(FORM, {"items": items}).outputs["result"] == "符合"


def test_items_and_tallies_at_once_are_refused() -> None:
    with pytest.raises(Refused) as refusal:
        score_form(FORM, {**tallies(23), "items": answers()})
    assert refusal.value.problems == [
        ("key", "comes from the items; send one or the other"),
        ("general", "comes from the items; send one or the other"),
    ]
