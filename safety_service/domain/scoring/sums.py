"""Measures that add up: the sum of inputs, or a start less that sum."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import msgspec

from safety_service.domain.scoring.fields import CountField, ViolationsField
from safety_service.domain.scoring.inputs import Facts
from safety_service.domain.scoring.measure_params import StartMinusSum, Sum
from safety_service.domain.scoring.measured import Measured, rounded
from safety_service.domain.scoring.numbers import exact_text
from safety_service.domain.scoring.scheme import Scheme


class _Addend(msgspec.Struct, frozen=True):
    """What one input adds, and how it came to it."""

    name: str
    points: Fraction
    step: dict[str, Any]


def sum_of(scheme: Scheme, measure: Sum, facts: Facts) -> Measured:
    """The sum of the inputs; `max_component` is the largest of them."""
    addends = [_addend(scheme, name, facts) for name in measure.of]
    known, steps = _known(scheme, addends, measure.subtotals, facts)
    return rounded(_total(addends), measure.rounding, len(addends), steps, **known)


def start_minus_sum(scheme: Scheme, measure: StartMinusSum, facts: Facts) -> Measured:
    """`start` less the sum of the inputs, and never less than `least` where the form says so."""
    addends = [_addend(scheme, name, facts) for name in measure.of]
    known, steps = _known(scheme, addends, measure.subtotals, facts)
    value = Fraction(measure.start) - _total(addends)
    if measure.least is not None:
        value = max(value, Fraction(measure.least))
    return rounded(value, measure.rounding, len(addends), {"start": str(measure.start), **steps}, **known)


def _total(addends: Sequence[_Addend]) -> Fraction:
    return sum((addend.points for addend in addends), Fraction(0))


def _known(
    scheme: Scheme, addends: Sequence[_Addend], subtotals: dict[str, tuple[str, ...]], facts: Facts
) -> tuple[dict[str, Fraction | None], dict[str, Any]]:
    """The facts beside the sum (subtotals, the largest part, violations by severity), and the steps."""
    parts: dict[str, Fraction | None] = {
        name: _total([addend for addend in addends if addend.name in names])
        for name, names in subtotals.items()
    }
    steps = {
        "addends": [addend.step for addend in addends],
        **{name: exact_text(total) for name, total in parts.items()},
        "sum": exact_text(_total(addends)),
    }
    known = {**parts, "max_component": max(addend.points for addend in addends)}
    for field in scheme.inputs.fields:
        if isinstance(field, ViolationsField):
            found = Counter(violation.severity for violation in facts.violations[field.name])
            known |= {one.severity: Fraction(found[one.severity]) for one in field.severities}
    return known, steps


def _addend(scheme: Scheme, name: str, facts: Facts) -> _Addend:
    field = scheme.field(name)
    if isinstance(field, ViolationsField):
        labels = {code.code: code.labels.as_json() for code in field.codes}
        found = facts.violations[name]
        points = sum((violation.points for violation in found), Fraction(0))
        lines = [{**one.as_json(), "severity": one.severity, "labels": labels[one.code]} for one in found]
        return _Addend(name, points, {"input": name, "points": exact_text(points), "violations": lines})
    if isinstance(field, CountField):
        count = facts.counts[name]
        points = _worth(field, count)
        return _Addend(name, points, {"input": name, "given": str(count), "points": exact_text(points)})
    points = facts.numbers[name]
    return _Addend(name, points, {"input": name, "points": exact_text(points)})


def _worth(field: CountField, count: int) -> Fraction:
    for step in field.points:
        if step.up_to is None or count <= step.up_to:
            return Fraction(step.points)
    return Fraction(count)
