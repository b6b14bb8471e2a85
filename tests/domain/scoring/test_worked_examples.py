"""The published worked cases, and others reckoned by hand, come out exactly."""

from typing import Any

import pytest

from safety_service.domain.scoring.score import score
from safety_service.services.schemes import load_schemes

DYNAMIC = load_schemes()["cn.dynamic_2012"][-1]
ANNUAL = load_schemes()["cn.annual_2012"][-1]

LICENSED = {"date": "2026-04-20", "licence_issued": "2023-01-05", "key_items_failed": 0}

PUBLISHED_AND_OWN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "published: 81.5 / 9 = 9.0556",
        {**LICENSED, "sections": [10, 9, 9, 8.5, 9, 10, 9, 8, 9]},
        {"score": "9.1", "grade": "优秀", "icon": "大笑", "reason": None},
    ),
    (
        "published: licence of 78 days",
        {**LICENSED, "licence_issued": "2026-02-01", "sections": [10] * 9},
        {"score": None, "grade": None, "icon": None, "reason": "new_licence_lt_3_months"},
    ),
    (
        "80.5 / 9 = 8.9444 rounds to 8.9",
        {**LICENSED, "sections": [9, 9, 9, 9, 9, 9, 9, 9, 8.5]},
        {"score": "8.9", "grade": "良好", "icon": "微笑", "reason": None},
    ),
    (
        "8.95 rounds up to 9.0 before the band",
        {**LICENSED, "sections": [8.95] * 9},
        {"score": "9.0", "grade": "优秀", "icon": "大笑", "reason": None},
    ),
    (
        "7.45 rounds up to 7.5 before the band",
        {**LICENSED, "sections": ["7.45", None, "7.45", None, None, None, None, None, None]},
        {"score": "7.5", "grade": "良好", "icon": "微笑", "reason": None},
    ),
    (
        "5.95 rounds up to 6.0, so it is not below 6.0",
        {**LICENSED, "sections": [5.95] * 9},
        {"score": "6.0", "grade": "一般", "icon": "平脸", "reason": None},
    ),
    (
        "5.94 is below",
        {**LICENSED, "sections": [5.94] * 9},
        {"score": "5.9", "grade": None, "icon": None, "reason": "score_below_6.0"},
    ),
    (
        "two absent sections drop out: 56 / 7",
        {**LICENSED, "sections": [8, 8, 8, None, 8, 8, 8, None, 8]},
        {"score": "8.0", "grade": "良好", "icon": "微笑", "reason": None},
    ),
    (
        "one key item leaves the grade",
        {**LICENSED, "key_items_failed": 1, "sections": [9] * 9},
        {"score": "9.0", "grade": "优秀", "icon": "大笑", "reason": None},
    ),
    (
        "two take it and leave the score",
        {**LICENSED, "key_items_failed": 2, "sections": [9] * 9},
        {"score": "9.0", "grade": None, "icon": None, "reason": "two_or_more_key_items"},
    ),
    (
        "two key items come before a low score",
        {**LICENSED, "key_items_failed": 3, "sections": [5] * 9},
        {"score": "5.0", "grade": None, "icon": None, "reason": "two_or_more_key_items"},
    ),
    (
        "an accident forbids rating, whatever the key items",
        {**LICENSED, "accident": "2026-01-01", "key_items_failed": 2, "sections": [9] * 9},
        {"score": None, "grade": None, "icon": None, "reason": "accident_lt_6_months"},
    ),
    (
        "an accident comes before a penalty",
        {
            **LICENSED,
            "accident": "2026-04-01",
            "penalty_beyond_warning": "2026-04-10",
            "sections": [9] * 9,
        },
        {"score": None, "grade": None, "icon": None, "reason": "accident_lt_6_months"},
    ),
    (
        "a new licence comes before an accident",
        {
            **LICENSED,
            "licence_issued": "2026-03-01",
            "accident": "2026-04-01",
            "sections": [9] * 9,
        },
        {"score": None, "grade": None, "icon": None, "reason": "new_licence_lt_3_months"},
    ),
    (
        "a penalty alone",
        {**LICENSED, "penalty_beyond_warning": "2026-03-01", "sections": [9] * 9},
        {"score": None, "grade": None, "icon": None, "reason": "penalty_lt_2_months"},
    ),
]


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [case[1:] for case in PUBLISHED_AND_OWN],
    ids=[case[0] for case in PUBLISHED_AND_OWN],
)
def test_dynamic_grade(inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
    assert score(DYNAMIC, inputs).outputs == outputs


def visits(*entries: tuple[str, str | None]) -> list[dict[str, Any]]:
    return [{"date": day, "score": value} for day, value in entries]


ANNUAL_CASES: list[tuple[str, str, list[dict[str, Any]], dict[str, Any]]] = [
    (
        "published: 26.9 / 3 = 8.9667",
        "2026-06-30",
        visits(("2025-09-10", "9.1"), ("2026-01-12", "8.9"), ("2026-05-08", "8.9")),
        {"counted": 3, "average": "9.0", "grade": "优秀", "letter": "A", "reason": None},
    ),
    (
        "(9.0 + 8.9) / 2 = 8.95 is 9.0, never 8.9 by a binary fraction",
        "2026-06-30",
        visits(("2026-01-12", "9.0"), ("2026-05-08", "8.9")),
        {"counted": 2, "average": "9.0", "grade": "优秀", "letter": "A", "reason": None},
    ),
    (
        "the day twelve months back is outside, the day after it and as_of itself are inside",
        "2026-06-30",
        visits(("2025-06-30", "1.0"), ("2025-07-01", "7.0"), ("2026-06-30", "8.0"), ("2026-07-01", "1.0")),
        {"counted": 2, "average": "7.5", "grade": "良好", "letter": "B", "reason": None},
    ),
    (
        "a visit without a score is not counted",
        "2026-06-30",
        visits(("2026-01-12", None), ("2026-05-08", "6.4")),
        {"counted": 1, "average": "6.4", "grade": "一般", "letter": "C", "reason": None},
    ),
    (
        "an ungraded visit pulls the mean below 6.0",
        "2026-06-30",
        visits(("2026-01-12", "5.0"), ("2026-05-08", "6.4")),
        {"counted": 2, "average": "5.7", "grade": None, "letter": None, "reason": "score_below_6.0"},
    ),
    (
        "no visit: no grade",
        "2026-06-30",
        [],
        {"counted": 0, "average": None, "grade": None, "letter": None, "reason": "no_scored_visit_in_window"},
    ),
    (
        "a leap day's window opens on 28 February",
        "2028-02-29",
        visits(("2027-02-28", "1.0"), ("2027-03-01", "9.0")),
        {"counted": 1, "average": "9.0", "grade": "优秀", "letter": "A", "reason": None},
    ),
]


@pytest.mark.parametrize(
    ("as_of", "inspections", "outputs"), [c[1:] for c in ANNUAL_CASES], ids=[c[0] for c in ANNUAL_CASES]
)
def test_annual_grade(as_of: str, inspections: list[dict[str, Any]], outputs: dict[str, Any]) -> None:
    assert score(ANNUAL, {"as_of": as_of, "inspections": inspections}).outputs == outputs


def test_reckoning_opens_every_number() -> None:
    result = score(DYNAMIC, {**LICENSED, "sections": [10, 9, 9, 8.5, 9, 10, 9, 8, None]})

    assert (result.scheme, result.version) == ("cn.dynamic_2012", "1")
    assert [section["score"] for section in result.reckoning["sections"]] == [
        "10", "9", "9", "8.5", "9", "10", "9", "8", None,
    ]  # fmt: skip
    numbers = {name: result.reckoning[name] for name in ("sum", "count", "unrounded", "rounded")}
    assert numbers == {"sum": "72.5", "count": 8, "unrounded": "145/16", "rounded": "9.1"}
    assert result.decided_by["rule"] == "bands[0]"
    assert result.reckoning["band"] == {"grade": "优秀", "min": "9.0", "max": "10.0"}


def test_a_withheld_score_stays_in_the_reckoning_and_the_rule_is_named() -> None:
    result = score(DYNAMIC, {**LICENSED, "accident": "2026-01-01", "sections": [9] * 9})

    assert result.outputs["score"] is None
    assert result.reckoning["rounded"] == "9.0"
    assert result.decided_by["rule"] == "overrides[1]"
    assert result.reckoning["overrides"][1] == {
        "reason": "accident_lt_6_months",
        "applies": True,
        "because": "accident 2026-01-01 + 6 months = 2026-07-01, after 2026-04-20",
    }


def test_an_unknown_licence_date_is_said_and_decides_nothing() -> None:
    result = score(DYNAMIC, {**LICENSED, "licence_issued": None, "sections": [9] * 9})

    assert result.outputs["grade"] == "优秀"
    assert result.reckoning["overrides"][0]["applies"] is None
    assert result.reckoning["overrides"][0]["because"] == "licence_issued is not given"
