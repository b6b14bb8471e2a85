"""When the next visit is due, and in which order a day's visits are driven to."""

import itertools
import random
from datetime import date

import pytest

from safety_service.domain.errors import Refused
from safety_service.domain.planning import Standing, next_due, read_planning
from safety_service.domain.routes import Point, distance_km, order_stops
from safety_service.services.inspection_due import SHIPPED, known_planning

TODAY, LAST, SCHEME = date(2026, 9, 1), date(2026, 5, 31), "cn.dynamic_2012"


@pytest.mark.parametrize(
    ("standing", "due", "decided_by"),
    [
        (Standing(LAST, SCHEME, "优秀"), "2027-05-31", "grade"),
        (Standing(LAST, SCHEME, "良好"), "2026-11-30", "grade"),
        (Standing(LAST, SCHEME, "一般"), "2026-09-30", "grade"),
        (Standing(LAST, SCHEME, None), "2026-06-30", "no_grade"),
        (Standing(LAST, "uk.fhrs", "5"), "2027-05-31", "grade"),
        (Standing(LAST, SCHEME, "优秀", "A"), "2027-05-31", "grade"),
        (Standing(LAST, SCHEME, "优秀", "C"), "2026-11-30", "risk_level"),
        (Standing(LAST, SCHEME, "优秀", "D"), "2026-09-30", "risk_level"),
        (Standing(LAST, SCHEME, "一般", "B"), "2026-09-30", "grade"),
        (Standing(LAST, SCHEME, None, "D"), "2026-06-30", "no_grade"),
        (Standing(), "2026-09-01", "never_visited"),
        (Standing(licence_issued=date(2026, 8, 15), risk_level="D"), "2026-11-15", "never_visited"),
    ],
)
def test_the_earliest_reason_decides(standing: Standing, due: str, decided_by: str) -> None:
    found = next_due(known_planning(), standing, TODAY)
    assert (found.on.isoformat(), found.decided_by) == (due, decided_by)
    assert set(found.why) == {"zh", "en"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("within_months: 12", "within_months: soon"), "Expected `int`"),
        (("within_months: 12", "within_months: -1"), "within_months is a number from 0 to 120"),
        (("within_months: 12", "within: 12"), "unknown field `within`"),
        (("no_grade:", "ungraded:"), "unknown field `ungraded`"),
        (("grades:", "grades: ["), "is not YAML"),
    ],
)
def test_a_file_that_does_not_say_when_is_refused(change: tuple[str, str], told: str) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace(*change, 1)
    with pytest.raises(Refused, match=r"own\.yaml") as refusal:
        read_planning(text, "own.yaml")
    assert told in str(refusal.value)


def test_a_degree_of_latitude() -> None:
    assert distance_km(Point(35, 116), Point(36, 116)) == pytest.approx(111.19, abs=0.01)
    assert distance_km(Point(35, 116), Point(35, 116)) == 0
    assert distance_km(Point(0, 179.5), Point(0, -179.5)) == pytest.approx(111.19, abs=0.01)
    assert distance_km(Point(90, 0), Point(-90, 0)) == pytest.approx(20015.1, abs=0.1)


def length(stops: list[Point], start: Point, order: list[int]) -> float:
    way = [start, *(stops[stop] for stop in order)]
    return sum(distance_km(one, other) for one, other in itertools.pairwise(way))


@pytest.mark.parametrize("seed", range(8))
def test_a_short_day_is_driven_almost_the_shortest_way(seed: int) -> None:
    chance = random.Random(seed)
    stops = [Point(35 + chance.random() / 3, 116 + chance.random() / 3) for _ in range(7)]
    start = Point(35.07, 116.31)
    legs = order_stops(stops, start)
    order = [leg.stop for leg in legs]
    best = min(length(stops, start, list(other)) for other in itertools.permutations(range(7)))
    assert sorted(order) == list(range(7))
    assert sum(leg.km for leg in legs) == pytest.approx(length(stops, start, order))
    assert length(stops, start, order) <= best * 1.15


def test_a_way_that_runs_to_and_fro_is_straightened() -> None:
    """The nearest neighbour goes east, then west, then far east; west first is shorter."""
    east, west, far_east = (Point(35, 116 + degrees) for degrees in (0.10, -0.12, 0.33))
    assert [leg.stop for leg in order_stops([east, west, far_east], Point(35, 116))] == [1, 0, 2]


def test_days_that_are_nearly_empty() -> None:
    assert order_stops([]) == []
    assert [(leg.stop, leg.km) for leg in order_stops([Point(35, 116)])] == [(0, 0.0)]
    (leg,) = order_stops([Point(36, 116)], Point(35, 116))
    assert (leg.stop, round(leg.km)) == (0, 111)
    same = order_stops([Point(35, 116)] * 3)
    assert [(leg.stop, leg.km) for leg in same] == [(0, 0.0), (1, 0.0), (2, 0.0)]
