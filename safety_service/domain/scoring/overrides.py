"""Overrides: what a fact does to the grade whatever the bands say; each judged with the comparison made."""

import operator
from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import msgspec

from safety_service.domain.scoring.inputs import Facts
from safety_service.domain.scoring.measured import Measured
from safety_service.domain.scoring.numbers import add_months, exact_text
from safety_service.domain.scoring.scheme import MEASURED, Override, Scheme, When

_COMPARED = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


class Verdict(msgspec.Struct, frozen=True):
    """Whether one override holds (None: the fact is not known, so it cannot), and the comparison made."""

    override: Override
    applies: bool | None
    because: str


class Withdrawal(msgspec.Struct, frozen=True):
    """A sign taken away by a date alone: `until` is the first day it may hang again."""

    override: Override
    until: date


def judge(scheme: Scheme, facts: Facts, measured: Measured) -> list[Verdict]:
    """Every override of the scheme in its order, held against the facts and what was measured."""
    as_of = facts.dates.get(scheme.inputs.as_of or "")
    return [
        Verdict(override, *_holds(override.when, facts, measured, as_of)) for override in scheme.overrides
    ]


def _holds(when: When, facts: Facts, measured: Measured, as_of: date | None) -> tuple[bool | None, str]:
    if when.within_months is not None:
        return _within(when.fact, when.within_months, facts, as_of)
    if when.equals is not None:
        word = _word(when.fact, facts)
        return word == when.equals, f"{when.fact} {word} {'=' if word == when.equals else '!='} {when.equals}"
    number = _number(when.fact, facts, measured)
    if number is None:
        return None, f"{when.fact} is not given"
    limits = (
        (when.at_or_above, ">=", "<"),
        (when.above, ">", "<="),
        (when.at_or_below, "<=", ">"),
        (when.below, "<", ">="),
    )
    limit, sign, opposite = next(one for one in limits if one[0] is not None)
    bound = Fraction(limit or 0)
    holds = _COMPARED[sign](number, bound)
    shown = measured.text if when.fact == MEASURED else exact_text(number)
    return holds, f"{when.fact} {shown} {sign if holds else opposite} {limit}"


def _within(fact: str, months: int, facts: Facts, as_of: date | None) -> tuple[bool | None, str]:
    day = facts.dates.get(fact)
    if day is None or as_of is None:
        return None, f"{fact} is not given"
    until = add_months(day, months)
    side = "after" if until > as_of else "not after"
    return until > as_of, f"{fact} {day} + {months} months = {until}, {side} {as_of}"


def _word(fact: str, facts: Facts) -> str:
    if fact in facts.flags:
        return "true" if facts.flags[fact] else "false"
    return facts.words[fact]


def _number(fact: str, facts: Facts, measured: Measured) -> Fraction | None:
    if fact == MEASURED:
        return measured.value
    if fact in facts.counts:
        return Fraction(facts.counts[fact])
    if fact in facts.numbers:
        return facts.numbers[fact]
    return measured.facts[fact]


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
