"""What a measure hands on: its value, how it is written, how many numbers went into it, and each step."""

from fractions import Fraction
from typing import Any

import msgspec

from safety_service.domain.scoring.measure_params import Rounding
from safety_service.domain.scoring.numbers import exact_text, round_half_up


class Measured(msgspec.Struct, frozen=True):
    """`value` is what the bands see, None where there was nothing to measure; `text` is how it is shown.

    `steps` is JSON-able, exact numbers as text. `facts` are further numbers that bands, overrides and outputs
    may name.
    """

    value: Fraction | None
    text: str | None
    count: int
    steps: dict[str, Any]
    facts: dict[str, Fraction | None] = msgspec.field(default_factory=dict)


def rounded(
    exact: Fraction, rounding: Rounding | None, count: int, steps: dict[str, Any], **facts: Fraction | None
) -> Measured:
    """A measure of `exact`; its last steps are unrounded (`n/d` in lowest terms, or whole) and rounded."""
    if rounding is None:
        text = exact_text(exact)
        return Measured(exact, text, count, {**steps, "unrounded": str(exact), "rounded": text}, facts)
    value = round_half_up(exact, rounding.places)
    seen = exact if rounding.stage == "shown_only" else Fraction(value)
    ends = {"unrounded": str(exact), "rounded": str(value)}
    return Measured(seen, str(value), count, {**steps, **ends}, facts)


def mean(numbers: list[Fraction], rounding: Rounding, **facts: Fraction | None) -> Measured:
    """The plain mean; its steps begin with sum and count."""
    if not numbers:
        return Measured(None, None, 0, {"sum": "0", "count": 0, "unrounded": None, "rounded": None}, facts)
    total = sum(numbers, Fraction(0))
    steps = {"sum": exact_text(total), "count": len(numbers)}
    return rounded(total / len(numbers), rounding, len(numbers), steps, **facts)
