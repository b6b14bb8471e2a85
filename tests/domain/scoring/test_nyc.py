"""us.nyc: points by code and level, the limits, kinds of visit, closing and hearings."""

import random
from typing import Any

import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.fields import ViolationsField
from safety_service.domain.scoring.score import score
from safety_service.services.schemes import known_schemes

NYC = known_schemes()["us.nyc"][-1]
POINTS = {("02B", "I"): 7, ("02B", "II"): 8, ("02B", "III"): 9, ("02B", "IV"): 10, ("02B", "V"): 28}
BY_TOTAL = {
    0: [],
    13: ["02B I 7", "08A III 4", "10F I 2"],
    14: ["02B III 9", "06D I 5"],
    27: ["02B IV 10", "04A IV 10", "06D III 7"],
    28: ["02B V 28"],
    29: ["02B IV 10", "02G IV 10", "06D II 6", "10F II 3"],
}


def cited(*lines: str) -> list[dict[str, Any]]:
    parts = [line.split() for line in lines]
    return [{"code": code, "level": level, "points": int(points)} for code, level, points in parts]


def visit(*lines: str, kind: str = "initial", **more: Any) -> dict[str, Any]:
    return {"visit": kind, "date": "2026-03-02", "violations": cited(*lines), **more}


def problems_of(inputs: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        score(NYC, inputs)
    return refusal.value.problems


@pytest.mark.parametrize(
    ("kind", "total", "grade", "status"),
    [
        ("initial", 0, "A", "graded"),
        ("initial", 13, "A", "graded"),
        ("initial", 14, None, "reinspection_required"),
        ("initial", 27, None, "reinspection_required"),
        ("initial", 28, None, "reinspection_required"),
        ("reinspection", 0, "A", "graded"),
        ("reinspection", 13, "A", "graded"),
        ("reinspection", 14, "B", "graded"),
        ("reinspection", 27, "B", "graded"),
        ("reinspection", 28, "C", "graded"),
        ("reinspection", 29, "C", "graded"),
    ],
)
def test_the_limits(kind: str, total: int, grade: str | None, status: str) -> None:
    outputs = score(NYC, visit(*BY_TOTAL[total], kind=kind)).outputs
    waits = "2026-03-09" if status == "reinspection_required" else None
    assert outputs == {
        "score": total,
        "adjudicated_score": None,
        "grade": grade,
        "status": status,
        "reinspection_not_before": waits,
    }


@pytest.mark.parametrize(
    ("day", "not_before"),
    [("2026-02-25", "2026-03-04"), ("2026-12-28", "2027-01-04"), ("9999-12-30", "9999-12-31")],
)
def test_seven_days_over_the_ends_of_months_and_years(day: str, not_before: str) -> None:
    outputs = score(NYC, visit(*BY_TOTAL[14], date=day)).outputs
    assert outputs["reinspection_not_before"] == not_before


@pytest.mark.parametrize(
    ("kind", "total", "dismissed", "left", "grade", "status"),
    [
        ("reinspection", 14, ["06D"], 9, "A", "graded_after_hearing"),
        ("reinspection", 28, ["02B"], 0, "A", "graded_after_hearing"),
        ("reinspection", 29, ["10F"], 26, "B", "graded_after_hearing"),
        ("reinspection", 29, ["10F", "06D", "02G"], 10, "A", "graded_after_hearing"),
        ("reinspection", 13, ["10F"], 11, "A", "graded_after_hearing"),
        ("initial", 14, ["06D"], 9, "A", "graded_after_hearing"),
        ("initial", 29, ["10F"], 26, None, "reinspection_required"),
    ],
)
def test_what_a_hearing_dismisses_does_not_count(
    kind: str, total: int, dismissed: list[str], left: int, grade: str | None, status: str
) -> None:
    result = score(NYC, visit(*BY_TOTAL[total], kind=kind, dismissed_at_hearing=dismissed))
    outputs = result.outputs
    assert (outputs["score"], outputs["adjudicated_score"]) == (total, left)
    assert (outputs["grade"], outputs["status"]) == (grade, status)
    assert result.headline["score"] == str(left)
    assert result.reckoning["after_hearing"]["sum"] == str(left)


@pytest.mark.parametrize("kind", ["initial", "reinspection"])
@pytest.mark.parametrize("total", [0, 14, 28])
def test_an_establishment_ordered_closed_has_no_grade(kind: str, total: int) -> None:
    result = score(NYC, visit(*BY_TOTAL[total], kind=kind, ordered_closed=True))
    assert (result.outputs["score"], result.outputs["grade"]) == (total, None)
    assert result.outputs["status"] == "closed"
    assert result.outputs["reinspection_not_before"] is None
    assert result.decided_by["rule"] == "overrides[0]"


def test_closed_goes_before_what_a_hearing_says() -> None:
    inputs = visit(*BY_TOTAL[14], kind="reinspection", ordered_closed=True, dismissed_at_hearing=["06D"])
    outputs = score(NYC, inputs).outputs
    assert (outputs["adjudicated_score"], outputs["grade"], outputs["status"]) == (9, None, "closed")


@pytest.mark.parametrize(("cell", "points"), POINTS.items())
def test_points_may_be_left_to_the_table(cell: tuple[str, str], points: int) -> None:
    violation = {"code": cell[0], "level": cell[1]}
    assert score(NYC, {**visit(), "violations": [violation]}).outputs["score"] == points


def test_every_code_has_points_at_each_of_its_levels() -> None:
    field = NYC.field("violations")
    assert isinstance(field, ViolationsField)
    rows = {one.severity: one.points for one in field.severities}
    assert rows == {
        "public_health_hazard": {"I": 7, "II": 8, "III": 9, "IV": 10, "V": 28},
        "critical": {"I": 5, "II": 6, "III": 7, "IV": 8, "V": 28},
        "general": {"I": 2, "II": 3, "III": 4, "IV": 5, "V": 28},
    }
    own = {code.code: code.points for code in field.codes if code.points is not None}
    assert own == {"04A": 10, "08A": {"III": 4, "IV": 5}}


@pytest.mark.parametrize(
    ("violation", "place", "reason"),
    [
        ({"code": "99Z", "level": "I", "points": 2}, "code", '"99Z" is not in scheme us.nyc'),
        ({"level": "I"}, "code", "is missing"),
        ({"code": "08A", "level": "I"}, "level", '"I" is not allowed: 08A has the levels III, IV'),
        (
            {"code": "02B", "level": "VI"},
            "level",
            '"VI" is not allowed: 02B has the levels I, II, III, IV, V',
        ),
        ({"code": "02B"}, "level", "is missing: 02B has the levels I, II, III, IV, V"),
        ({"code": "02B", "level": "III", "points": 8}, "points", "02B at level III has 9 points, not 8"),
        ({"code": "04A", "level": "IV", "points": 8}, "points", "04A has 10 points, not 8"),
        ({"code": "02B", "level": "I", "points": "many"}, "points", "02B at level I has 7 points, not many"),
        (
            {"code": "02B", "level": "I", "fine": 200},
            "fine",
            "is not a field of a violation (fields: code, level, points)",
        ),
    ],
)
def test_a_wrong_violation(violation: dict[str, Any], place: str, reason: str) -> None:
    violations = [*cited("06D I 5"), violation]
    assert problems_of({**visit(), "violations": violations}) == [(f"violations[1].{place}", reason)]


def test_other_wrong_inputs() -> None:
    assert problems_of(visit("02B I 7", "02B II 8")) == [("violations[1].code", "02B is there twice")]
    assert problems_of(visit(kind="second")) == [("visit", '"second" is not one of initial, reinspection')]
    assert problems_of({"date": "2026-03-02", "violations": []}) == [("visit", "is missing")]
    assert problems_of({"visit": "initial", "violations": []}) == [("date", "is missing")]
    assert problems_of({"visit": "initial", "date": "2026-03-02"}) == [("violations", "is missing")]
    assert problems_of(visit(ordered_closed="yes")) == [("ordered_closed", '"yes" is neither true nor false')]
    assert problems_of(visit("02B I 7", dismissed_at_hearing=["06D"])) == [
        ("dismissed_at_hearing", "06D is not among the violations")
    ]
    assert problems_of({**visit(), "violations": ["02B"]}) == [
        ("violations[0]", "is not an object with code, level and points")
    ]


def test_the_order_and_the_writing_of_violations_change_nothing() -> None:
    first = score(NYC, visit(*BY_TOTAL[29], kind="reinspection", dismissed_at_hearing=["10F", "02G"]))
    for seed in range(10):
        violations = cited(*BY_TOTAL[29])
        random.Random(seed).shuffle(violations)
        for one in violations:
            one["points"] = str(one["points"])
        again = {
            **visit(kind="reinspection"),
            "violations": violations,
            "dismissed_at_hearing": ["02G", "10F"],
        }
        assert score(NYC, again) == first


def test_one_violation_less_never_lowers_the_grade() -> None:
    for kind in ("initial", "reinspection"):
        for lines in BY_TOTAL.values():
            rank = score(NYC, visit(*lines, kind=kind)).rank
            for line in lines:
                fewer = [other for other in lines if other != line]
                assert score(NYC, visit(*fewer, kind=kind)).rank >= rank
