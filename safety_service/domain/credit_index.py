"""The credit index of a cafeteria: a hundred less what its facts cost, each hundredth laid on a fact.

It says where to look first. It is no grade, and nothing that is published as one depends on it.
"""

from datetime import date
from decimal import Decimal, localcontext

import msgspec

from safety_service.domain.credit_facts import Cost, Known, Weighed, weigh
from safety_service.domain.credit_weights import FULL, Component, CreditWeights
from safety_service.domain.decay import DIGITS
from safety_service.domain.shares import in_hundredths

NOTHING = Decimal("0.00")


class Lost(msgspec.Struct, frozen=True):
    """One fact and the points that the index is lower by it, in hundredths."""

    fact: Cost
    points: Decimal


class Part(msgspec.Struct, frozen=True):
    """One component: `points` of the most it can give, `of`; what is missing is lost by its facts, exactly.

    `capped`: the facts would cost more than the component can; each bears its share. Without `weighed` it
    cannot be observed and gives and takes nothing.
    """

    component: Component
    of: Decimal
    points: Decimal
    facts: list[Lost]
    capped: bool
    weighed: Weighed | None


class Index(msgspec.Struct, frozen=True):
    """`value` is the sum of the points of all parts; None where a required part cannot be observed."""

    value: Decimal | None
    version: str
    as_of: date
    parts: list[Part]


def credit_index(weights: CreditWeights, known: Known, as_of: date) -> Index:
    """The index of a day. What cannot be observed is left out, and the others share its weight."""
    weighed = [weigh(component, known, as_of) for component in weights.components]
    missing = any(
        one.required and found is None for one, found in zip(weights.components, weighed, strict=True)
    )
    with localcontext() as context:
        context.prec = DIGITS
        largest = _largest(weights, weighed)
        parts = [
            _part(component, of, found)
            for component, of, found in zip(weights.components, largest, weighed, strict=True)
        ]
        value = None if missing else sum((part.points for part in parts), NOTHING)
    return Index(value, weights.version, as_of, parts)


def _largest(weights: CreditWeights, weighed: list[Weighed | None]) -> list[Decimal]:
    """What each component can give; together a hundred."""
    own = [
        one.weight if found is not None else Decimal(0)
        for one, found in zip(weights.components, weighed, strict=True)
    ]
    total = sum(own, Decimal(0))
    return in_hundredths([weight * FULL / total for weight in own]) if total else [NOTHING for _ in own]


def _part(component: Component, of: Decimal, weighed: Weighed | None) -> Part:
    if weighed is None:
        return Part(component, NOTHING, NOTHING, [], False, None)
    total = sum((one.cost for one in weighed.costs), Decimal(0))
    times = of / max(total, component.weight)
    lost = in_hundredths([one.cost * times for one in weighed.costs])
    facts = [Lost(fact, points) for fact, points in zip(weighed.costs, lost, strict=True)]
    return Part(component, of, of - sum(lost, NOTHING), facts, total > component.weight, weighed)
