"""Points that overrides add to what was measured, before any band looks at it."""

from fractions import Fraction

import msgspec

from safety_service.domain.scoring.measured import Measured
from safety_service.domain.scoring.numbers import exact_text, round_half_up
from safety_service.domain.scoring.overrides import Verdict
from safety_service.domain.scoring.scheme import Scheme


def with_added_points(scheme: Scheme, measured: Measured, verdicts: list[Verdict]) -> Measured:
    """The measure with the points of every `add_points` that holds; the same one where none does."""
    added = [one.override for one in verdicts if one.applies and one.override.effect == "add_points"]
    if not added or measured.value is None:
        return measured
    value = measured.value + sum((Fraction(one.points or 0) for one in added), Fraction(0))
    rounding = scheme.measure.rounding
    text = exact_text(value) if rounding is None else str(round_half_up(value, rounding.places))
    lines = [{"reason": one.reason, "points": str(one.points)} for one in added]
    steps = {**measured.steps, "added_points": lines, "with_added_points": text}
    return msgspec.structs.replace(measured, value=value, text=text, steps=steps)
