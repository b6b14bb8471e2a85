"""Open data: values that every reader of LIVES can take, and no rating that was never given."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from safety_service.domain import feeds
from safety_service.domain.feeds import Business
from safety_service.domain.scoring.book import pick
from safety_service.services.schemes import known_schemes

DYNAMIC = pick(known_schemes(), "cn.dynamic_2012")


def business(**more: Any) -> Business:
    given: dict[str, Any] = {
        "id": "370828-001-c1",
        "school": "370828-001",
        "name": "第一小学\t食堂\n",
        "school_name": "第一小学",
        "town": "羊山镇",
        "county": "金乡县",
        "latitude": 35.5,
        "longitude": None,
    }
    return Business(**{**given, **more})


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [("a\tb\r\nc", "a b c"), (" a\x00\x85b ", "a b"), (None, ""), (9.5, "9.5"), ("第一、二", "第一、二")],
)
def test_no_value_holds_a_tab_or_a_line_break(value: object, cleaned: str) -> None:
    assert feeds.clean(value) == cleaned


def test_each_tenth_is_a_whole_number_and_within_the_legend_of_its_grade() -> None:
    legend = feeds.legend(DYNAMIC, "zh")
    assert legend == [
        ("90", "100", "优秀"),
        ("75", "89", "良好"),
        ("60", "74", "一般"),
        ("0", "59", "不评定等级"),
    ]
    for tenths in range(101):
        percentage = feeds.percentage(DYNAMIC, str(Decimal(tenths) / 10))
        assert percentage == str(tenths)
        assert sum(int(low) <= tenths <= int(high) for low, high, _ in legend) == 1
    assert feeds.percentage(DYNAMIC, None) == ""


@pytest.mark.parametrize(
    ("scheme", "can"), [("cn.dynamic_2012", True), ("uk.fhrs", False), ("us.nyc", False)]
)
def test_only_scores_of_which_more_is_better_can_be_laid_on_a_hundred(scheme: str, can: bool) -> None:
    assert feeds.can_be_a_percentage(pick(known_schemes(), scheme)) is can


def test_a_business() -> None:
    row = feeds.lives_business(business())
    assert dict(zip(feeds.BUSINESSES, row, strict=True)) == {
        "business_id": "370828-001-c1",
        "name": "第一小学 食堂",
        "address": "羊山镇 第一小学",
        "city": "金乡县",
        "state": "",
        "postal_code": "",
        "latitude": "35.5",
        "longitude": "",
        "phone_number": "",
    }
    assert feeds.compact(date(2026, 9, 1)) == "20260901"


def test_an_establishment_keeps_its_own_scheme() -> None:
    unvisited = feeds.establishment(business(), None, None)
    assert (unvisited["RatingValue"], unvisited["RatingDate"]) == ("AwaitingInspection", None)
    visited: dict[str, Any] = {"visited_on": date(2026, 9, 1), "latitude": 35.5, "longitude": 116.5}
    chinese = feeds.establishment(
        business(scheme="cn.dynamic_2012", grade="优秀", **visited), "Excellent", {"inputs": {}}
    )
    assert (chinese["SchemeType"], chinese["RatingValue"], chinese["Scores"]) == (
        "cn.dynamic_2012",
        "Excellent",
        None,
    )
    assert chinese["Geocode"] == {"longitude": "116.5", "latitude": "35.5"}
    ungraded = feeds.establishment(business(scheme="cn.dynamic_2012", **visited), None, None)
    assert ungraded["RatingValue"] == "NoGrade"


def test_a_visit_under_the_brand_standard_has_its_scores() -> None:
    inputs = {"hygiene": "5", "structural": "10", "confidence_in_management": "0"}
    rated = feeds.establishment(
        business(scheme="uk.fhrs", grade="4", visited_on=date(2026, 9, 1)), "Good", {"inputs": inputs}
    )
    assert (rated["SchemeType"], rated["RatingValue"], rated["RatingKey"]) == ("FHRS", "4", "fhrs_4_en-gb")
    assert rated["RatingDate"] == "2026-09-01T00:00:00"
    assert rated["Scores"] == {"Hygiene": 5, "Structural": 10, "ConfidenceInManagement": 0}
