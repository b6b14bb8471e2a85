"""Reads the inputs of one scoring: exact typed facts, or a refusal that names every wrong place at once."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import msgspec

from safety_service.domain.errors import Refused
from safety_service.domain.scoring import input_lists, input_values
from safety_service.domain.scoring.fields import (
    ChoiceField,
    CodesField,
    CountField,
    DateField,
    FlagField,
    InputField,
    NumberField,
    SectionsField,
    TallyField,
    VisitsField,
)
from safety_service.domain.scoring.input_lists import Violation, Visit
from safety_service.domain.scoring.numbers import exact_text, shown
from safety_service.domain.scoring.scheme import Scheme

Problems = list[tuple[str, str]]


class Facts(msgspec.Struct, frozen=True):
    """The inputs of one scoring by kind and name; a date that was not given or not known is None.

    `not_allowed`: the inputs whose value is none of those allowed, where the scheme reports that.
    """

    dates: dict[str, date | None] = msgspec.field(default_factory=dict)
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    numbers: dict[str, Fraction] = msgspec.field(default_factory=dict)
    words: dict[str, str] = msgspec.field(default_factory=dict)
    flags: dict[str, bool] = msgspec.field(default_factory=dict)
    tallies: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    sections: dict[str, tuple[Fraction | None, ...]] = msgspec.field(default_factory=dict)
    visits: dict[str, tuple[Visit, ...]] = msgspec.field(default_factory=dict)
    violations: dict[str, tuple[Violation, ...]] = msgspec.field(default_factory=dict)
    codes: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    not_allowed: list[str] = msgspec.field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The inputs as they are stored beside a result; `read_inputs` takes them back unchanged."""
        return {
            **self.words,
            **{name: day.isoformat() if day else None for name, day in self.dates.items()},
            **{name: [exact_text(score) for score in scores] for name, scores in self.sections.items()},
            **self.counts,
            **{name: exact_text(number) for name, number in self.numbers.items()},
            **{name: dict(counts) for name, counts in self.tallies.items()},
            **{name: [visit.as_json() for visit in visits] for name, visits in self.visits.items()},
            **{name: [one.as_json() for one in found] for name, found in self.violations.items()},
            **self.flags,
            **{name: list(codes) for name, codes in self.codes.items()},
        }


def read_inputs(scheme: Scheme, raw: Mapping[str, Any]) -> Facts:
    """The facts of `raw`; raises Refused with `problems` = (place, reason) of everything that is wrong."""
    if not isinstance(raw, Mapping):
        raise Refused(f"an object with the inputs of {scheme.id} is needed", place="inputs")
    facts, problems = Facts(), []
    names = [field.name for field in scheme.inputs.fields]
    for name in raw:
        if name not in names:
            problems.append((shown(name), f"is not an input of {scheme.id} (inputs: {', '.join(names)})"))
    for field in scheme.inputs.fields:
        _read_one(scheme, field, raw, facts, problems)
    _order_of_dates(scheme, facts, problems)
    _named_violations(scheme, facts, problems)
    if problems:
        place, reason = problems[0]
        raise Refused(reason, place=place, problems=problems)
    return facts


def _read_one(
    scheme: Scheme, field: InputField, raw: Mapping[str, Any], facts: Facts, problems: Problems
) -> None:
    name, given, value = field.name, field.name in raw, raw.get(field.name)
    if isinstance(field, DateField):
        facts.dates[name] = input_values.read_day(field, given, value, problems)
    elif isinstance(field, CountField):
        facts.counts[name] = input_values.read_count(field, given, value, problems)
    elif isinstance(field, NumberField):
        facts.numbers[name], allowed = input_values.read_number(field, value, problems)
        if not allowed:
            facts.not_allowed.append(name)
    elif isinstance(field, ChoiceField):
        facts.words[name] = input_values.read_choice(field, value, problems)
    elif isinstance(field, FlagField):
        facts.flags[name] = input_values.read_flag(field, value, problems)
    elif isinstance(field, TallyField):
        facts.tallies[name] = input_values.read_tally(field, value, problems)
    elif isinstance(field, SectionsField):
        facts.sections[name] = input_lists.read_sections(field, given, value, problems)
    elif isinstance(field, VisitsField):
        facts.visits[name] = input_lists.read_visits(field, given, value, problems)
    elif isinstance(field, CodesField):
        facts.codes[name] = input_lists.read_codes(field, value, problems)
    else:
        facts.violations[name] = input_lists.read_violations(scheme.id, field, given, value, problems)


def _order_of_dates(scheme: Scheme, facts: Facts, problems: Problems) -> None:
    for field in scheme.inputs.fields:
        if isinstance(field, DateField) and field.not_after is not None:
            day, limit = facts.dates.get(field.name), facts.dates.get(field.not_after)
            if day and limit and day > limit:
                problems.append((field.name, f"{day} is after {field.not_after} {limit}"))


def _named_violations(scheme: Scheme, facts: Facts, problems: Problems) -> None:
    for field in scheme.inputs.fields:
        if isinstance(field, CodesField):
            found = {violation.code for violation in facts.violations[field.of]}
            problems += [
                (field.name, f"{shown(code)} is not among the {field.of}")
                for code in facts.codes[field.name]
                if code not in found
            ]
