"""Measures over past visits: their plain mean inside a window, or their mean with weights that decay."""

from datetime import date
from fractions import Fraction
from typing import Any

import msgspec

from safety_service.domain.decay import decayed
from safety_service.domain.scoring.input_lists import Visit
from safety_service.domain.scoring.inputs import Facts
from safety_service.domain.scoring.measure_params import WeightedMean, WindowMean
from safety_service.domain.scoring.measured import Measured, mean, rounded
from safety_service.domain.scoring.numbers import add_months, exact_text, round_half_up
from safety_service.domain.scoring.scheme import Scheme

_WEIGHT_PLACES_SHOWN = 6


class _Window(msgspec.Struct, frozen=True):
    scored: list[tuple[date, Fraction]]
    steps: dict[str, Any]


def window_mean(scheme: Scheme, measure: WindowMean, facts: Facts) -> Measured:
    """The mean of the scored visits after as_of − window_months, up to and including as_of.

    A visit without a grade counts with its score; one without a score cannot count and is listed as such.
    """
    window = _window(facts.visits[measure.of], _as_of(scheme, facts), measure.window_months)
    result = mean([score for _, score in window.scored], measure.rounding)
    return msgspec.structs.replace(result, steps={**window.steps, **result.steps})


def weighted_mean(scheme: Scheme, measure: WeightedMean, facts: Facts) -> Measured:
    """Σ wᵢxᵢ / Σ wᵢ with wᵢ = 2^(−age in days / half-life): a visit one half-life old counts half.

    The weights are decimals of 40 digits: the same on every machine, which a binary power is not.
    """
    as_of = _as_of(scheme, facts)
    window = _window(facts.visits[measure.of], as_of, measure.window_months)
    ages = [(as_of - day).days for day, _ in window.scored]
    weights = [Fraction(decayed(age, measure.half_life_days)) for age in ages]
    for line, weight in zip(window.steps["counted"], weights, strict=True):
        line["weight"] = str(round_half_up(weight, _WEIGHT_PLACES_SHOWN))
    if not weights:
        return Measured(None, None, 0, {**window.steps, "unrounded": None, "rounded": None})
    total = sum((w * score for w, (_, score) in zip(weights, window.scored, strict=True)), Fraction(0))
    result = rounded(total / sum(weights, Fraction(0)), measure.rounding, len(weights), window.steps)
    assert result.value is not None
    shown = round_half_up(total / sum(weights, Fraction(0)), _WEIGHT_PLACES_SHOWN)
    return msgspec.structs.replace(result, steps={**result.steps, "unrounded": str(shown)})


def _as_of(scheme: Scheme, facts: Facts) -> date:
    as_of = facts.dates[scheme.inputs.as_of or ""]
    assert as_of is not None  # the scheme makes it a required date
    return as_of


def _window(given: tuple[Visit, ...], as_of: date, months: int | None) -> _Window:
    opens = add_months(as_of, -months) if months is not None else None
    visits = sorted(given, key=lambda visit: (visit.on, visit.score is None, visit.score))
    inside = [visit for visit in visits if visit.on <= as_of and (opens is None or visit.on > opens)]
    scored = [(visit.on, visit.score) for visit in inside if visit.score is not None]
    steps = {
        "window": {"after": opens.isoformat() if opens else None, "up_to": as_of.isoformat()},
        "counted": [{"date": day.isoformat(), "score": exact_text(score)} for day, score in scored],
        "without_score": [visit.on.isoformat() for visit in inside if visit.score is None],
        "outside_window": [visit.on.isoformat() for visit in visits if visit not in inside],
    }
    return _Window(scored, steps)
