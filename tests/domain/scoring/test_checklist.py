"""The checklist: answers become section scores; absent items rescale; nothing may be left out."""

from fractions import Fraction
from typing import Any

import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.checklist import items_to_inputs
from safety_service.domain.scoring.form import score_form
from safety_service.domain.scoring.scheme import Checklist
from safety_service.services.schemes import load_schemes

DYNAMIC = load_schemes()["cn.dynamic_2012"][-1]
ANNUAL = load_schemes()["cn.annual_2012"][-1]
FACTS = {"date": "2026-04-20", "licence_issued": "2023-01-05"}


def checklist() -> Checklist:
    assert DYNAMIC.checklist is not None
    return DYNAMIC.checklist


def answered(**results: str) -> list[dict[str, Any]]:
    """Every graded item passed, except those given by code (`_3_1="fail"`)."""
    changed = {name.lstrip("_").replace("_", "."): result for name, result in results.items()}
    return [{"code": i.code, "result": changed.get(i.code, "pass")} for i in checklist().items]


def problems_of(items: object) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        items_to_inputs(DYNAMIC, items, FACTS)
    return refusal.value.problems


def test_the_form_has_nine_sections_of_ten_and_seven_key_items() -> None:
    assert len(checklist().items) == 30
    assert [item.code for item in checklist().items if item.key] == [
        "3.1", "3.2", "4.1", "4.2", "6.1", "8.4", "9.3",
    ]  # fmt: skip
    outside = checklist().outside_grade
    assert outside is not None
    assert [item.code for item in outside.items] == [f"S.{n}" for n in range(1, 10)]


def test_all_passed_is_ten_everywhere() -> None:
    inputs = items_to_inputs(DYNAMIC, answered(), FACTS)
    assert inputs == {**FACTS, "sections": [10] * 9, "key_items_failed": 0}


def test_failed_items_cost_their_points_and_key_items_are_counted() -> None:
    inputs = items_to_inputs(DYNAMIC, answered(_2_1="fail", _4_1="fail", _4_3="fail", _9_3="fail"), FACTS)
    assert inputs["sections"] == [10, 6, 10, 5, 10, 10, 10, 10, 6]
    assert inputs["key_items_failed"] == 2


def test_an_absent_item_rescales_its_section() -> None:
    inputs = items_to_inputs(DYNAMIC, answered(_7_3="absent", _7_1="fail", _9_1="absent"), FACTS)
    assert inputs["sections"][6] == Fraction(70, 9)
    assert inputs["sections"][8] == 10


def test_a_section_whose_items_are_all_absent_is_absent() -> None:
    inputs = items_to_inputs(DYNAMIC, answered(_1_1="absent", _3_1="absent", _3_2="absent"), FACTS)
    assert inputs["sections"] == [None, 10, None, 10, 10, 10, 10, 10, 10]


def test_a_failed_item_may_earn_a_part_and_still_counts_as_failed() -> None:
    items = answered(_8_4="fail")
    next(item for item in items if item["code"] == "8.4")["points"] = "1.5"
    inputs = items_to_inputs(DYNAMIC, items, FACTS)
    assert inputs["sections"][7] == Fraction(15, 2)
    assert inputs["key_items_failed"] == 1


def test_school_items_are_recorded_and_never_move_the_grade() -> None:
    school = [{"code": f"S.{n}", "result": "fail"} for n in range(1, 10)]
    form = {**FACTS, "items": answered() + school}
    result = score_form(DYNAMIC, form)
    assert result.outputs["score"] == "10.0"
    assert result.inputs["key_items_failed"] == 0
    recorded = [item for item in result.reckoning["items"] if item["section"] is None]
    assert [(item["code"], item["result"]) for item in recorded] == [(f"S.{n}", "fail") for n in range(1, 10)]


def test_the_reckoning_names_the_checklists_own_sections() -> None:
    result = score_form(DYNAMIC, {**FACTS, "items": answered(_2_1="fail")})
    assert result.reckoning["sections"][1] == {
        "section": 2,
        "labels": {"zh": "信息公示", "en": "Disclosure"},
        "score": "6",
        "absent": False,
    }
    assert result.reckoning["unrounded"] == "86/9"
    failed = next(item for item in result.reckoning["items"] if item["result"] == "fail")
    assert (failed["code"], failed["points"], failed["of"], failed["key"]) == ("2.1", "0", "4", False)


def test_an_unknown_item_is_named_with_its_place() -> None:
    items = answered()
    items.insert(2, {"code": "2.9", "result": "pass"})
    assert problems_of(items) == [("items[2].code", '"2.9" is not in scheme cn.dynamic_2012')]


def test_a_code_answered_twice() -> None:
    items = [*answered(), {"code": "6.1", "result": "pass"}]
    assert problems_of(items) == [("items[30].code", "6.1 is answered twice")]


def test_items_left_out_are_listed_and_key_items_are_called_so() -> None:
    items = [item for item in answered() if item["code"] not in ("3.2", "5.1")]
    assert problems_of(items) == [
        ("items", "key item 3.2 is not answered (pass, fail or absent)"),
        ("items", "item 5.1 is not answered (pass, fail or absent)"),
    ]


@pytest.mark.parametrize(
    ("entry", "place", "reason"),
    [
        ({"result": "maybe"}, "items[0].result", '"maybe" is not one of pass, fail, absent'),
        ({"result": None}, "items[0].result", '"None" is not one of pass, fail, absent'),
        ({"result": []}, "items[0].result", '"[]" is not one of pass, fail, absent'),
        ({"points": 11}, "items[0].points", "11 is above the maximum of 10"),
        ({"points": -1}, "items[0].points", "-1 is below the minimum of 0"),
        ({"points": "all"}, "items[0].points", '"all" is not a number'),
        ({"points": 4}, "items[0].points", "a passed item has its full 10 points, not 4"),
        (
            {"result": "fail", "points": 10},
            "items[0].points",
            "a failed item has fewer than its 10 points, not 10",
        ),
        ({"result": "absent", "points": 0}, "items[0].points", "an absent item has no points"),
        ({"note": 5}, "items[0].note", '"5" is not a text'),
        ({"note": "x" * 2001}, "items[0].note", "has 2001 characters, 2000 are allowed"),
        ({"note": "a\x00"}, "items[0].note", "holds a character that cannot be stored"),
        ({"note": "\ud800"}, "items[0].note", "holds a character that cannot be stored"),
        (
            {"remark": "x"},
            "items[0].remark",
            "is not a field of an answer (fields: code, result, points, note, owner, due)",
        ),
    ],
)
def test_a_wrong_answer(entry: dict[str, Any], place: str, reason: str) -> None:
    items = answered()
    items[0] = {**items[0], **entry}
    assert problems_of(items) == [(place, reason)]


@pytest.mark.parametrize("items", [None, "1.1", 7, {"1.1": "pass"}])
def test_items_that_are_no_list(items: object) -> None:
    assert problems_of(items) == [("items", "a list of answers (code, result) is needed")]


def test_an_answer_that_is_no_object() -> None:
    assert ("items[30]", "is not an object with code and result") in problems_of([*answered(), "x"])


def test_a_code_of_another_type_is_named() -> None:
    assert problems_of([*answered(), {"code": [1], "result": "pass"}]) == [
        ("items[30].code", '"[1]" is not in scheme cn.dynamic_2012')
    ]


def test_items_and_sections_at_once_are_refused() -> None:
    with pytest.raises(Refused) as refusal:
        score_form(DYNAMIC, {**FACTS, "items": answered(), "sections": [10] * 9})
    assert refusal.value.problems == [("sections", "comes from the items; send one or the other")]


def test_everything_absent_is_refused_at_the_items() -> None:
    items = [{"code": item.code, "result": "absent"} for item in checklist().items]
    with pytest.raises(Refused) as refusal:
        score_form(DYNAMIC, {**FACTS, "items": items})
    assert refusal.value.problems == [("items", "every section is absent: there is nothing to score")]


def test_a_scheme_without_a_checklist_refuses_items() -> None:
    with pytest.raises(Refused, match=r"cn\.annual_2012 has no checklist"):
        score_form(ANNUAL, {"as_of": "2026-06-30", "items": []})
