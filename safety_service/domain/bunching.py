"""Whether an inspector's scores lie just above the limits of grades more often than chance and colleagues do.

It is a reason to look and no proof: kitchens improve until they pass, and a re-check ends where a grade
begins. So few visits say nothing, colleagues are the yardstick, and what is found is shown with its numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import comb

import msgspec

LIMITS = (Decimal("9.0"), Decimal("7.5"), Decimal("6.0"))
"""From here on a better grade is given (scores have one decimal)."""
ABOVE = tuple(Decimal(tenth) / 10 for tenth in (0, 1, 2))
BELOW = tuple(-Decimal(tenth) / 10 for tenth in (1, 2, 3))
"""Equally many scores on each side of a limit: where nobody minds the limit, about half lie on each."""

FEWEST_VISITS = 20
"""Near the limits, of one inspector: 20 of 20 is strange, 5 of 5 happens to one in thirty."""
FEWEST_OF_COLLEAGUES = 30
LOWEST_SHARE = 0.8
"""Below it nobody is asked about, however many visits make a small lean certain."""
CHANCE = 0.01
"""Of one single innocent inspector being named at all, among all of them."""


class Bunching(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one inspector near the limits: `above` of them just above, `below` just below.

    `expected` is the share above that colleagues have, a half at least; `chance` that of so many above or
    more if theirs were this inspector's share too. `by_limit`: limit -> [above, below].
    """

    inspector: str
    visits: int
    above: int
    below: int
    share: float
    expected: float
    chance: float
    by_limit: dict[str, list[int]]
    noticed: bool


def bunchings(scores: Iterable[tuple[str, str]]) -> list[Bunching]:
    """(inspector, score) of each visit to the figures of every inspector with enough of them near the limits,
    the strangest first. `noticed` is whether somebody should look."""
    counted: dict[str, dict[Decimal, list[int]]] = defaultdict(_nothing)
    visits: dict[str, int] = defaultdict(int)
    for inspector, text in scores:
        visits[inspector] += 1
        _count(counted[inspector], Decimal(text))
    sides = {name: _sides(by_limit) for name, by_limit in counted.items()}
    everybody = [sum(side) for side in zip(*sides.values(), strict=True)] or [0, 0]
    judged = {name: one for name, one in sides.items() if sum(one) >= FEWEST_VISITS}
    found = [
        _figures(name, visits[name], counted[name], sides[name], everybody, len(judged)) for name in judged
    ]
    return sorted(found, key=lambda one: (one.chance, one.inspector))


def tail(n: int, k: int, share: float) -> float:
    """The chance of `k` or more out of `n`."""
    return sum(comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(k, n + 1))


def _figures(
    name: str,
    visits: int,
    by_limit: Mapping[Decimal, list[int]],
    sides: Sequence[int],
    everybody: Sequence[int],
    judged: int,
) -> Bunching:
    above, below = sides
    others_above, others_below = everybody[0] - above, everybody[1] - below
    others = others_above + others_below
    expected = max(0.5, others_above / others) if others >= FEWEST_OF_COLLEAGUES else 0.5
    share = above / (above + below)
    chance = tail(above + below, above, expected)
    return Bunching(
        inspector=name,
        visits=visits,
        above=above,
        below=below,
        share=round(share, 3),
        expected=round(expected, 3),
        chance=chance,
        by_limit={str(limit): list(counts) for limit, counts in by_limit.items()},
        # Each further inspector is one more throw of the dice.
        noticed=share >= LOWEST_SHARE and chance * judged <= CHANCE,
    )


def _nothing() -> dict[Decimal, list[int]]:
    return {limit: [0, 0] for limit in LIMITS}


def _count(by_limit: dict[Decimal, list[int]], score: Decimal) -> None:
    for limit, counts in by_limit.items():
        counts[0] += score - limit in ABOVE
        counts[1] += score - limit in BELOW


def _sides(by_limit: Mapping[Decimal, list[int]]) -> tuple[int, int]:
    return sum(above for above, _ in by_limit.values()), sum(below for _, below in by_limit.values())
