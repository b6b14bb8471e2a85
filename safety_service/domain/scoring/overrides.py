"""Overrides: the published reasons why a visit gets no grade, each judged, the first that holds decides."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import msgspec

from safety_service.domain.scoring.inputs import Facts
from safety_service.domain.scoring.numbers import add_months
from safety_service.domain.scoring.scheme import MEASURED, Override, Scheme


class Verdict(msgspec.Struct, frozen=True):
    """Whether one override holds (None: the fact is not known, so it cannot), and the comparison made."""

    override: Override
    applies: bool | None
    because: str


class Withdrawal(msgspec.Struct, frozen=True):
    """A sign taken away by a date alone: `until` is the first day it may hang again."""

    override: Override
    until: date


def judge(scheme: Scheme, facts: Facts, measured: Decimal | None) -> list[Verdict]:
    """Every override of the scheme in its order, held against the facts."""
    as_of = facts.dates[scheme.inputs.as_of]
    return [_judge_one(override, facts, measured, as_of) for override in scheme.overrides]


def _judge_one(override: Override, facts: Facts, measured: Decimal | None, as_of: date | None) -> Verdict:
    when = override.when
    if when.within_months is not None:
        day = facts.dates.get(when.fact)
        if day is None or as_of is None:
            return Verdict(override, None, f"{when.fact} is not given")
        until = add_months(day, when.within_months)
        side = "after" if until > as_of else "not after"
        because = f"{when.fact} {day} + {when.within_months} months = {until}, {side} {as_of}"
        return Verdict(override, until > as_of, because)
    number = measured if when.fact == MEASURED else Decimal(facts.counts[when.fact])
    if number is None:
        return Verdict(override, None, f"{when.fact} is not given")
    if when.below is not None:
        below = number < when.below
        return Verdict(override, below, f"{when.fact} {number} {'<' if below else '>='} {when.below}")
    limit = when.at_or_above if when.at_or_above is not None else Decimal(0)
    reached = number >= limit
    return Verdict(override, reached, f"{when.fact} {number} {'>=' if reached else '<'} {limit}")


def sign_withdrawn(scheme: Scheme, dates: Mapping[str, date | None], on: date) -> Withdrawal | None:
    """The override that keeps the grade sign off the wall on a day, whatever the last visit gave.

    An accident or a penalty takes the sign at once, also when it comes after the visit; a date that lies
    after `on` has not happened yet.
    """
    for override in scheme.overrides:
        day = dates.get(override.when.fact)
        if override.withdraws_sign and override.when.within_months is not None and day and day <= on:
            until = add_months(day, override.when.within_months)
            if until > on:
                return Withdrawal(override, until)
    return None
