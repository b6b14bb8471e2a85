"""Inputs that cannot be right are refused, each with its place and its reason, all at once."""

from decimal import Decimal
from typing import Any

import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.score import score
from safety_service.services.schemes import load_schemes

DYNAMIC = load_schemes()["cn.dynamic_2012"][-1]
ANNUAL = load_schemes()["cn.annual_2012"][-1]
GOOD: dict[str, Any] = {
    "date": "2026-04-20",
    "licence_issued": "2023-01-05",
    "sections": [9] * 9,
    "key_items_failed": 0,
}


def problems_of(scheme: Any, inputs: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        score(scheme, inputs)
    return refusal.value.problems


def sections_with(index: int, value: object) -> dict[str, Any]:
    sections: list[object] = [9] * 9
    sections[index] = value
    return {"sections": sections}


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        (sections_with(3, 11), "sections[3]", "11 is above the maximum of 10"),
        (sections_with(3, 10.1), "sections[3]", "10.1 is above the maximum of 10"),
        (sections_with(0, -1), "sections[0]", "-1 is below the minimum of 0"),
        (sections_with(8, "nine"), "sections[8]", '"nine" is not a number'),
        (sections_with(8, True), "sections[8]", '"True" is not a number'),
        (sections_with(8, float("nan")), "sections[8]", '"nan" is not a number'),
        (sections_with(8, Decimal("1e999999")), "sections[8]", '"1E+999999" is not a number'),
        (sections_with(8, Decimal("1e-999999")), "sections[8]", '"1E-999999" is not a number'),
        (sections_with(8, [9]), "sections[8]", '"[9]" is not a number'),
        ({"sections": [None] * 9}, "sections", "every section is absent: there is nothing to score"),
        ({"sections": [9] * 8}, "sections", "9 sections are needed, 8 were given"),
        ({"sections": [9] * 10}, "sections", "9 sections are needed, 10 were given"),
        ({"sections": "999999999"}, "sections", "a list of 9 numbers is needed"),
        ({"sections": None}, "sections", "a list of 9 numbers is needed"),
        ({"key_items_failed": -1}, "key_items_failed", "-1 is below the minimum of 0"),
        ({"key_items_failed": 1.5}, "key_items_failed", '"1.5" is not a whole number'),
        ({"key_items_failed": None}, "key_items_failed", "is missing"),
        ({"date": None}, "date", "is missing"),
        ({"date": "20 April"}, "date", '"20 April" is not a date (YYYY-MM-DD)'),
        ({"date": "2026-02-29"}, "date", '"2026-02-29" is not a date (YYYY-MM-DD)'),
        ({"date": "20260420"}, "date", '"20260420" is not a date (YYYY-MM-DD)'),
        ({"date": 20260420}, "date", '"20260420" is not a date (YYYY-MM-DD)'),
        ({"licence_issued": "2026-04-21"}, "licence_issued", "2026-04-21 is after date 2026-04-20"),
        ({"accident": "2026-05-01"}, "accident", "2026-05-01 is after date 2026-04-20"),
        ({"penalty_beyond_warning": 7}, "penalty_beyond_warning", '"7" is not a date (YYYY-MM-DD)'),
    ],
)
def test_one_wrong_input(change: dict[str, Any], place: str, reason: str) -> None:
    assert problems_of(DYNAMIC, {**GOOD, **change}) == [(place, reason)]


def test_an_unknown_input_is_refused_and_the_known_ones_are_named() -> None:
    ((place, reason),) = problems_of(DYNAMIC, {**GOOD, "licence_isued": "2023-01-05"})
    assert place == "licence_isued"
    assert reason.startswith("is not an input of cn.dynamic_2012 (inputs: date, licence_issued,")


def test_missing_inputs_are_all_named() -> None:
    assert problems_of(DYNAMIC, {}) == [
        ("date", "is missing"),
        ("licence_issued", "is missing (null where it is not known)"),
        ("sections", "is missing"),
        ("key_items_failed", "is missing"),
    ]


def test_everything_wrong_is_said_at_once() -> None:
    wrong = {**GOOD, "date": "x", "sections": [11, -1, *[9] * 7], "key_items_failed": "many"}
    assert [place for place, _ in problems_of(DYNAMIC, wrong)] == [
        "date", "sections[0]", "sections[1]", "key_items_failed",
    ]  # fmt: skip


@pytest.mark.parametrize("inputs", [None, 7, "text", [1, 2]])
def test_inputs_that_are_no_object(inputs: object) -> None:
    assert problems_of(DYNAMIC, inputs) == [
        ("inputs", "an object with the inputs of cn.dynamic_2012 is needed")
    ]


@pytest.mark.parametrize(
    ("visit", "place", "reason"),
    [
        ({"date": "2026-01-01"}, "inspections[0].score", "is missing"),
        ({"score": "9.0"}, "inspections[0].date", "is missing"),
        ({"date": "soon", "score": "9.0"}, "inspections[0].date", '"soon" is not a date (YYYY-MM-DD)'),
        (
            {"date": "2026-01-01", "score": "10.1"},
            "inspections[0].score",
            "10.1 is above the maximum of 10",
        ),
        (
            {"date": "2026-01-01", "score": "9.0", "grade": "A"},
            "inspections[0].grade",
            "is not a field of a visit (fields: date, score)",
        ),
        ("9.0", "inspections[0]", "is not an object with date and score"),
    ],
)
def test_wrong_visits(visit: object, place: str, reason: str) -> None:
    assert problems_of(ANNUAL, {"as_of": "2026-06-30", "inspections": [visit]}) == [(place, reason)]


@pytest.mark.parametrize("written", [8.5, "8.5", Decimal("8.5"), "8.50", "17/2"])
def test_one_number_in_every_writing(written: object) -> None:
    inputs = {**GOOD, **sections_with(2, written)}
    assert score(DYNAMIC, inputs).inputs["sections"][2] == "8.5"
