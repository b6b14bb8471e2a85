"""The lists by their criteria: one that holds is enough for the black, all of them for the red."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from safety_service.domain.red_black_list import ListCriteria, Standing, best_first, judge, worst_first
from safety_service.services import periods

SHIPPED = Path(periods.__file__).resolve().parent.parent / "data" / "red_black_list.yaml"
CRITERIA = periods.read_file(ListCriteria, SHIPPED)
GOOD: dict[str, Any] = {
    "visited": True,
    "annual_letter": "A",
    "dynamic_letter": "A",
    "annual_average": Decimal("9.2"),
    "score": Decimal("9.4"),
}


@pytest.mark.parametrize(
    ("standing", "side", "facts"),
    [
        (
            {},
            "red",
            [
                "annual_letter",
                "dynamic_letter",
                "rectifications_overdue",
                "key_items_open",
                "penalties_published",
            ],
        ),
        ({"visited": False}, None, []),
        ({"annual_letter": "B"}, None, []),
        ({"annual_letter": None}, None, []),
        ({"rectifications_overdue": 1}, None, []),
        ({"key_items_open": 1}, None, []),
        ({"penalties_published": 1}, None, []),
        ({"rectifications_overdue": 3}, "black", ["rectifications_overdue"]),
        ({"sign_withdrawn": True}, "black", ["sign_withdrawn"]),
        ({"listed": True}, "black", ["listed"]),
        ({"dynamic_letter": "C"}, "black", ["dynamic_letter"]),
        ({"dynamic_letter": None, "sign_withdrawn": True}, "black", ["sign_withdrawn", "dynamic_letter"]),
    ],
)
def test_shipped_criteria(standing: dict[str, Any], side: str | None, facts: list[str]) -> None:
    found = judge(CRITERIA, Standing(**{**GOOD, **standing}))
    assert found.side == side
    assert [reason["fact"] for reason in found.reasons] == facts


def test_a_reason_says_what_the_fact_is() -> None:
    red = judge(CRITERIA, Standing(**GOOD)).reasons[0]
    assert (red["zh"], red["en"]) == ("年度等级A", "annual grade A")
    late = judge(CRITERIA, Standing(**{**GOOD, "rectifications_overdue": 4})).reasons[0]
    assert (late["zh"], late["en"]) == ("逾期整改4项", "4 rectifications overdue")


def test_a_number_that_is_not_known_is_within_no_limit() -> None:
    reason = {"zh": "分", "en": "score"}
    limits = {
        "red": [{"fact": "score", "at_least": "9", "reason": reason}],
        "black": [{"fact": "annual_average", "at_most": "6", "reason": reason}],
    }
    criteria = ListCriteria.model_validate(limits)
    assert judge(criteria, Standing(visited=True)).side is None
    assert judge(criteria, Standing(visited=True, score=Decimal(9))).side == "red"
    assert judge(criteria, Standing(visited=True, annual_average=Decimal(6))).side == "black"


def test_the_order_of_the_lists() -> None:
    def standing(**more: Any) -> Standing:
        return Standing(**{**GOOD, **more})

    withdrawn, none, low, lower = (
        standing(sign_withdrawn=True),
        standing(dynamic_letter=None),
        standing(dynamic_letter="C", score=Decimal("6.4")),
        standing(dynamic_letter="C", score=Decimal("6.1")),
    )
    assert sorted([low, none, lower, withdrawn], key=worst_first) == [withdrawn, none, lower, low]
    best, second = standing(annual_average=Decimal("9.8")), standing(score=Decimal(10))
    assert sorted([standing(), second, best], key=best_first) == [best, second, standing()]


@pytest.mark.parametrize(
    ("criterion", "reason"),
    [
        ({"fact": "score"}, "give one of is, at_least, at_most"),
        ({"fact": "score", "at_least": "1", "at_most": "2"}, "give one of"),
        ({"fact": "score", "is": ["9"]}, "score is a number"),
        ({"fact": "annual_letter", "at_least": "1"}, "annual_letter is a word"),
        ({"fact": "colour", "is": ["red"]}, "fact"),
    ],
)
def test_a_criterion_that_cannot_be_is_refused(criterion: dict[str, Any], reason: str) -> None:
    whole = {"reason": {"zh": "a", "en": "a"}, **criterion}
    with pytest.raises(ValidationError, match=reason):
        ListCriteria.model_validate({"red": [whole], "black": [whole]})
