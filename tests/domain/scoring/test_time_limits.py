"""Calendar months: each edge of the time-based rules, day by day."""

from datetime import date

import pytest

from safety_service.domain.scoring.numbers import add_months
from safety_service.domain.scoring.overrides import sign_withdrawn
from safety_service.domain.scoring.score import score
from safety_service.services.schemes import load_schemes

DYNAMIC = load_schemes()["cn.dynamic_2012"][-1]


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        ("2026-01-15", 3, "2026-04-15"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2027-11-30", 3, "2028-02-29"),
        ("2026-10-31", 1, "2026-11-30"),
        ("2026-10-31", 2, "2026-12-31"),
        ("2026-12-01", 1, "2027-01-01"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-01-31", -2, "2025-11-30"),
        ("2028-02-29", -12, "2027-02-28"),
        ("2026-06-30", -12, "2025-06-30"),
        ("2026-12-31", 12, "2027-12-31"),
    ],
)
def test_add_months(day: str, months: int, result: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(result)


@pytest.mark.parametrize(
    ("fact", "day", "visit", "blocked"),
    [
        ("licence_issued", "2026-01-20", "2026-01-20", True),
        ("licence_issued", "2026-01-20", "2026-04-19", True),
        ("licence_issued", "2026-01-20", "2026-04-20", False),
        ("licence_issued", "2026-11-30", "2027-02-27", True),
        ("licence_issued", "2026-11-30", "2027-02-28", False),
        ("licence_issued", "2027-11-30", "2028-02-28", True),
        ("licence_issued", "2027-11-30", "2028-02-29", False),
        ("accident", "2026-01-31", "2026-07-30", True),
        ("accident", "2026-01-31", "2026-07-31", False),
        ("accident", "2026-08-31", "2027-02-27", True),
        ("accident", "2026-08-31", "2027-02-28", False),
        ("penalty_beyond_warning", "2026-02-20", "2026-04-19", True),
        ("penalty_beyond_warning", "2026-02-20", "2026-04-20", False),
        ("penalty_beyond_warning", "2026-04-20", "2026-04-20", True),
    ],
)
def test_the_last_day_of_a_limit(fact: str, day: str, visit: str, blocked: bool) -> None:
    inputs = {"date": visit, "licence_issued": "2020-01-01", "sections": [9] * 9, "key_items_failed": 0}
    result = score(DYNAMIC, {**inputs, fact: day})
    assert (result.outputs["grade"] is None) is blocked


@pytest.mark.parametrize(
    ("dates", "on", "reason", "until"),
    [
        ({}, "2026-04-20", None, None),
        ({"accident": "2026-04-19"}, "2026-04-20", "accident_lt_6_months", "2026-10-19"),
        ({"accident": "2026-04-19"}, "2026-10-18", "accident_lt_6_months", "2026-10-19"),
        ({"accident": "2026-04-19"}, "2026-10-19", None, None),
        ({"accident": "2026-04-21"}, "2026-04-20", None, None),
        ({"penalty_beyond_warning": "2026-03-01"}, "2026-04-20", "penalty_lt_2_months", "2026-05-01"),
        ({"licence_issued": "2026-04-01"}, "2026-04-20", None, None),
    ],
)
def test_sign_withdrawn(dates: dict[str, str], on: str, reason: str | None, until: str | None) -> None:
    known = {name: date.fromisoformat(day) for name, day in dates.items()}
    withdrawal = sign_withdrawn(DYNAMIC, known, date.fromisoformat(on))
    assert (withdrawal and withdrawal.override.reason) == reason
    assert (withdrawal and withdrawal.until.isoformat()) == until
