"""Measure pass_rate: of the general items that apply, how many of a hundred passed."""

from fractions import Fraction

from safety_service.domain.scoring.inputs import Facts
from safety_service.domain.scoring.measure_params import PassRate
from safety_service.domain.scoring.measured import Measured, rounded
from safety_service.domain.scoring.scheme import Scheme


def pass_rate(_scheme: Scheme, measure: PassRate, facts: Facts) -> Measured:
    """passed / (checked − not applicable) × 100; no rate where no item applies, so that none failed."""
    general, key = facts.tallies[measure.of], facts.tallies[measure.key]
    applicable = general["checked"] - general.get("not_applicable", 0)
    key_failed = Fraction(key["failed"])
    steps = {"passed": general["passed"], "applicable": applicable, "key_failed": key["failed"]}
    if not applicable:
        ends = {"unrounded": None, "rounded": None}
        return Measured(None, None, 0, {**steps, **ends}, {"rate": None, "key_failed": key_failed})
    rate = Fraction(general["passed"] * 100, applicable)
    return rounded(rate, measure.rounding, applicable, steps, rate=rate, key_failed=key_failed)
