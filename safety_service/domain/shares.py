"""Rounds parts of a whole so that, rounded, they still add up to it."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext

HUNDREDTH = Decimal("0.01")
_DIGITS = 60


def hundredths(value: Decimal) -> Decimal:
    """Rounded half-up to two places."""
    return value.quantize(HUNDREDTH, ROUND_HALF_UP)


def in_hundredths(parts: Sequence[Decimal]) -> list[Decimal]:
    """Each part to two places, their sum being the rounded sum of the parts; none of them is negative.

    All are rounded down, and what is missing goes to those that lost most by it, the first one first.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        floors = [part.quantize(HUNDREDTH, ROUND_FLOOR) for part in parts]
        missing = int((hundredths(sum(parts, Decimal(0))) - sum(floors, Decimal(0))) / HUNDREDTH)
        lost_most = sorted(range(len(parts)), key=lambda place: floors[place] - parts[place])[:missing]
        for place in lost_most:
            floors[place] += HUNDREDTH
        return floors
