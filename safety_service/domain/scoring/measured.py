"""What a measure hands on: its rounded value, how many numbers went into it, and each step."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from safety_service.domain.scoring.numbers import exact_text, round_half_up
from safety_service.domain.scoring.scheme import Rounding


class Measured(msgspec.Struct, frozen=True):
    """`value` is None where there was nothing to measure; `steps` is JSON-able, exact numbers as text."""

    value: Decimal | None
    count: int
    steps: dict[str, Any]


def mean(numbers: list[Fraction], rounding: Rounding) -> Measured:
    """The plain mean; its steps are sum, count, unrounded (`n/d` in lowest terms, or whole) and rounded."""
    if not numbers:
        return Measured(None, 0, {"sum": "0", "count": 0, "unrounded": None, "rounded": None})
    total = sum(numbers, Fraction(0))
    unrounded = total / len(numbers)
    rounded = round_half_up(unrounded, rounding.places)
    steps = {
        "sum": exact_text(total),
        "count": len(numbers),
        "unrounded": str(unrounded),
        "rounded": str(rounded),
    }
    return Measured(rounded, len(numbers), steps)
