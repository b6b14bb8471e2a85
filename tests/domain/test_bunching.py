"""Scores just above the limits: what is noticed, and above all what is not."""

from random import Random

import pytest

from safety_service.domain.bunching import bunchings, tail


def scores(name: str, **counts: int) -> list[tuple[str, str]]:
    """`s90=3`: three visits with 9.0."""
    return [(name, f"{key[1]}.{key[2]}") for key, count in counts.items() for _ in range(count)]


HONEST = [pair for n in range(5) for pair in scores(f"c{n}", s90=3, s91=3, s92=2, s88=3, s89=3, s75=4, s73=4)]


def noticed(*some: list[tuple[str, str]]) -> list[str]:
    return [one.inspector for one in bunchings([pair for part in some for pair in part]) if one.noticed]


@pytest.mark.parametrize(
    ("counts", "is_noticed"),
    [
        ({"s90": 30}, True),
        ({"s90": 10, "s75": 10, "s61": 10}, True),
        ({"s90": 28, "s89": 2}, True),
        ({"s90": 19}, False),  # too few, however strange
        ({"s90": 5}, False),
        ({"s90": 15, "s89": 15}, False),
        ({"s90": 21, "s89": 9}, False),  # leans, and below four in five
        ({"s95": 300, "s80": 300}, False),  # nowhere near a limit
        ({"s93": 30, "s86": 30}, False),  # just outside of both sides
    ],
)
def test_who_is_asked_about(counts, is_noticed):
    assert ("x" in noticed(HONEST, scores("x", **counts))) is is_noticed


def test_what_everybody_does_is_nobodys():
    everybody = [scores(f"i{n}", s90=27, s89=3) for n in range(8)]
    assert noticed(*everybody) == []
    assert noticed(*everybody[:1]) == ["i0"]


def test_the_figures_can_be_followed():
    (one,) = [one for one in bunchings([*HONEST, *scores("x", s90=20, s76=10, s59=2, s99=8)]) if one.noticed]
    assert (one.inspector, one.visits, one.above, one.below) == ("x", 40, 30, 2)
    assert one.by_limit == {"9.0": [20, 0], "7.5": [10, 0], "6.0": [0, 2]}
    assert one.share == 0.938
    assert one.expected == 0.545
    assert one.chance == pytest.approx(tail(32, 30, 60 / 110), rel=1e-9)


def test_innocent_inspectors_are_not_named_by_chance():
    """Three hundred counties of twenty inspectors who mind no limit: about three may name anybody at all."""
    dice = Random(7)
    named = 0
    for _ in range(300):
        visits = []
        for n in range(20):
            above = sum(dice.random() < 0.5 for _ in range(40))
            visits += scores(f"i{n}", s90=above, s89=40 - above)
        named += bool(noticed(visits))
    assert named <= 3


def test_without_visits_there_is_nothing():
    assert bunchings([]) == []
