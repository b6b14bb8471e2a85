"""cn.risk_2016: size of the canteen, the levels and their edges, next year, how often it is visited."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.schemefile import load_scheme
from safety_service.domain.scoring.score import score
from safety_service.services.schemes import SHIPPED, known_schemes

RISK = known_schemes()["cn.risk_2016"][-1]
VISITS = {"A": [1, None], "B": [1, 2], "C": [2, 3], "D": [3, 4]}


def inputs(diners: int = 300, category: object = 0, dynamic: object = 0, **more: int) -> dict[str, Any]:
    return {"diners": diners, "static_category_points": category, "dynamic_points": dynamic, **more}


def totalling(total: str, **more: int) -> dict[str, Any]:
    """51 to 300 diners are 4 points; the rest is put into the two other inputs."""
    rest = Fraction(total) - 4
    dynamic = min(rest, Fraction(60))
    return inputs(300, str(rest - dynamic), str(dynamic), **more)


@pytest.mark.parametrize(
    ("diners", "points"),
    [(0, 2), (1, 2), (50, 2), (51, 4), (300, 4), (301, 7), (500, 7), (501, 10), (100_000, 10)],
)
def test_points_for_the_size(diners: int, points: int) -> None:
    outputs = score(RISK, inputs(diners)).outputs
    assert (outputs["static"], outputs["total"]) == (str(points), str(points))


@pytest.mark.parametrize(
    ("total", "level"),
    [
        ("4", "A"), ("30", "A"), ("30.01", "B"), ("30.5", "B"), ("31", "B"), ("45", "B"), ("45.01", "C"),
        ("46", "C"), ("60", "C"), ("60.5", "D"), ("61", "D"), ("94", "D"),
    ],
)  # fmt: skip
def test_upper_edges_belong_to_the_better_level(total: str, level: str) -> None:
    result = score(RISK, totalling(total))
    assert result.outputs["total"] == total
    assert (result.outputs["level"], result.outputs["next_year_level"]) == (level, level)
    assert result.outputs["inspections_per_year"] == VISITS[level]


def test_the_highest_total_is_a_hundred() -> None:
    outputs = score(RISK, inputs(501, 30, 60)).outputs
    assert (outputs["static"], outputs["total"], outputs["level"]) == ("40", "100", "D")


@pytest.mark.parametrize(
    ("total", "up", "down", "following"),
    [
        ("30", 0, 0, "A"), ("30", 1, 0, "B"), ("30", 2, 0, "C"), ("30", 0, 1, "A"),
        ("45", 0, 1, "A"), ("45", 1, 1, "C"), ("45", 2, 1, "D"), ("60", 2, 0, "D"), ("60", 0, 1, "B"),
        ("61", 1, 0, "D"), ("61", 2, 0, "D"), ("61", 0, 1, "C"), ("61", 1, 1, "D"),
    ],
)  # fmt: skip
def test_next_year(total: str, up: int, down: int, following: str) -> None:
    outputs = score(RISK, totalling(total, raise_levels=up, lower_levels=down)).outputs
    assert outputs["next_year_level"] == following
    assert outputs["inspections_per_year"] == VISITS[following]


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        ({"diners": -1}, "diners", "-1 is below the minimum of 0"),
        ({"diners": 10.5}, "diners", '"10.5" is not a whole number'),
        ({"diners": None}, "diners", "is missing"),
        ({"static_category_points": 30.5}, "static_category_points", "30.5 is above the maximum of 30"),
        ({"static_category_points": "-0.1"}, "static_category_points", "-0.1 is below the minimum of 0"),
        ({"dynamic_points": "60.01"}, "dynamic_points", "60.01 is above the maximum of 60"),
        ({"raise_levels": 3}, "raise_levels", "3 is above the maximum of 2"),
        ({"lower_levels": 2}, "lower_levels", "2 is above the maximum of 1"),
    ],
)
def test_wrong_inputs(change: dict[str, Any], place: str, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        score(RISK, {**inputs(), **change})
    assert refusal.value.problems == [(place, reason)]


@pytest.mark.parametrize(("up", "down"), [(0, 0), (1, 0), (0, 1)])
def test_a_floor_that_a_bureau_sets_holds_in_both_years(up: int, down: int) -> None:
    text = Path(SHIPPED / "cn.risk_2016.yaml").read_text(encoding="utf-8")
    own = load_scheme(
        text.replace("precedence: raise_blocks_lower", "precedence: raise_blocks_lower\n  floor: D"), "x"
    )
    result = score(own, totalling("30", raise_levels=up, lower_levels=down))
    assert (result.outputs["level"], result.outputs["next_year_level"]) == ("D", "D")
    assert result.decided_by["rule"] == "adjust.floor"
    assert result.reckoning["band_before"]["grade"] == "A"


points = st.integers(0, 3000).map(lambda n: Fraction(n, 100))


@given(st.integers(0, 2000), points, points.map(lambda p: 2 * p), points, st.integers(0, 1))
def test_fewer_points_never_give_a_riskier_level(
    diners: int, category: Fraction, dynamic: Fraction, less: Fraction, up: int
) -> None:
    before = score(RISK, inputs(diners, category, dynamic, raise_levels=up))
    after = score(RISK, inputs(diners, category, max(dynamic - less, Fraction(0)), raise_levels=up))
    fewer = score(RISK, inputs(diners // 2, category, dynamic, raise_levels=up))
    assert after.rank >= before.rank
    assert fewer.rank >= before.rank
    assert after.outputs["next_year_level"] <= before.outputs["next_year_level"]
