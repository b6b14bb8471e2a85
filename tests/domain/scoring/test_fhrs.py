"""uk.fhrs: every combination of values against a table written here, and values the form does not have."""

from itertools import product
from typing import Any

import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.form import score_visit
from safety_service.domain.scoring.score import score
from safety_service.services.schemes import known_schemes

FHRS = known_schemes()["uk.fhrs"][-1]
WORK = (0, 5, 10, 15, 20, 25)
TRUST = (0, 5, 10, 20, 30)
TRIPLES = list(product(WORK, WORK, TRUST))
WORDS = {
    5: "Very good",
    4: "Good",
    3: "Generally satisfactory",
    2: "Improvement necessary",
    1: "Major improvement necessary",
    0: "Urgent improvement necessary",
}


def triple(hygiene: Any, structural: Any, confidence: Any) -> dict[str, Any]:
    return {"hygiene": hygiene, "structural": structural, "confidence_in_management": confidence}


def by_hand(total: int, largest: int) -> int:
    if total > 50 or largest > 20:
        return 0
    if total > 40 or largest > 15:
        return 1
    if total > 30 or largest > 10:
        return 2
    if total > 20:
        return 3
    return 4 if total > 15 or largest > 5 else 5


def test_every_triple_has_the_rating_of_the_table() -> None:
    assert len(TRIPLES) == 180
    for values in TRIPLES:
        total, largest = sum(values), max(values)
        rating = by_hand(total, largest)
        assert score(FHRS, triple(*values)).outputs == {
            "valid": True,
            "total": total,
            "max_component": largest,
            "rating": rating,
            "descriptor": WORDS[rating],
            "error": None,
            "component": None,
        }, values


def test_a_better_component_never_lowers_the_rating() -> None:
    ranks = {values: score(FHRS, triple(*values)).rank for values in TRIPLES}
    for values, rank in ranks.items():
        for place, allowed in enumerate((WORK, WORK, TRUST)):
            better = [value for value in allowed if value < values[place]]
            for value in better:
                improved = list(values)
                improved[place] = value
                hygiene, structural, trust = improved
                assert ranks[hygiene, structural, trust] >= rank


@pytest.mark.parametrize(
    ("values", "component"),
    [
        ((7, 5, 5), "hygiene"),
        ((5, 30, 5), "structural"),
        ((5, 5, 15), "confidence_in_management"),
        ((5, 5, 25), "confidence_in_management"),
        ((5, 5, "10.5"), "confidence_in_management"),
        ((-5, 5, 15), "hygiene"),
    ],
)
def test_a_value_that_the_form_does_not_have(values: tuple[Any, ...], component: str) -> None:
    result = score(FHRS, triple(*values))
    assert result.outputs == {
        "valid": False,
        "total": None,
        "max_component": None,
        "rating": None,
        "descriptor": None,
        "error": "value_not_allowed",
        "component": component,
    }
    assert result.decided_by["rule"] == f"inputs.{component}"
    assert result.rank == 0
    assert score(FHRS, result.inputs) == result


def test_such_a_value_is_refused_where_the_visit_would_be_stored() -> None:
    with pytest.raises(Refused) as refusal:
        score_visit(FHRS, {"date": "2026-09-01", **triple(7, 5, 15)})
    assert refusal.value.problems == [
        ("hygiene", "7 is not one of 0, 5, 10, 15, 20, 25"),
        ("confidence_in_management", "15 is not one of 0, 5, 10, 20, 30"),
    ]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (("ten", 5, 5), '"ten" is not a number'),
        ((None, 5, 5), "is missing"),
        ((True, 5, 5), '"True" is not a number'),
    ],
)
def test_what_is_no_number_is_refused(values: tuple[Any, ...], reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        score(FHRS, triple(*values))
    assert refusal.value.problems == [("hygiene", reason)]


def test_the_reckoning_says_which_limit_a_better_rating_failed() -> None:
    result = score(FHRS, triple(10, 5, 0))
    assert result.reckoning["bands_passed_over"] == [{"grade": "5", "because": "max_component 10 > 5"}]
    assert result.reckoning["band"] == {"grade": "4", "max": "20", "max_component": "10"}
    assert [addend["points"] for addend in result.reckoning["addends"]] == ["10", "5", "0"]
