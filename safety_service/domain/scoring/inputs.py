"""Reads the inputs of one scoring: exact typed facts, or a refusal that names every wrong place at once."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.numbers import exact, exact_text, read_date, shown
from safety_service.domain.scoring.scheme import (
    CountField,
    DateField,
    Scheme,
    SectionsField,
    VisitsField,
)

Problems = list[tuple[str, str]]


class Visit(msgspec.Struct, frozen=True):
    """A past visit; `score` is None where none was given."""

    on: date
    score: Fraction | None


class Facts(msgspec.Struct, frozen=True):
    """The inputs of one scoring by kind and name; a date that was not given or not known is None."""

    dates: dict[str, date | None] = msgspec.field(default_factory=dict)
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    sections: dict[str, tuple[Fraction | None, ...]] = msgspec.field(default_factory=dict)
    visits: dict[str, tuple[Visit, ...]] = msgspec.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The inputs as they are stored beside a result; `read_inputs` takes them back unchanged."""
        return {
            **{name: day.isoformat() if day else None for name, day in self.dates.items()},
            **{name: [exact_text(score) for score in scores] for name, scores in self.sections.items()},
            **self.counts,
            **{
                name: [{"date": visit.on.isoformat(), "score": exact_text(visit.score)} for visit in visits]
                for name, visits in self.visits.items()
            },
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
        given = field.name in raw
        value = raw.get(field.name)
        if isinstance(field, DateField):
            facts.dates[field.name] = _date(field, given, value, problems)
        elif isinstance(field, CountField):
            facts.counts[field.name] = _count(field, given, value, problems)
        elif isinstance(field, SectionsField):
            facts.sections[field.name] = _sections(field, given, value, problems)
        else:
            facts.visits[field.name] = _visits(field, given, value, problems)
    _order_of_dates(scheme, facts, problems)
    if problems:
        place, reason = problems[0]
        raise Refused(reason, place=place, problems=problems)
    return facts


def _date(field: DateField, given: bool, value: object, problems: Problems) -> date | None:
    if value is None:
        if given and (field.nullable or not field.required):
            return None
        if field.required:
            hint = " (null where it is not known)" if field.nullable else ""
            problems.append((field.name, f"is missing{hint}"))
        return None
    day = read_date(value)
    if day is None:
        problems.append((field.name, f'"{shown(value)}" is not a date (YYYY-MM-DD)'))
    return day


def _count(field: CountField, given: bool, value: object, problems: Problems) -> int:
    if not given or value is None:
        if field.required:
            problems.append((field.name, "is missing"))
        return 0
    number = exact(value)
    if number is None or number.denominator != 1:
        problems.append((field.name, f'"{shown(value)}" is not a whole number'))
        return 0
    if number < 0:
        problems.append((field.name, f"{shown(value)} is below the minimum of 0"))
    return number.numerator


def _sections(
    field: SectionsField, given: bool, value: object, problems: Problems
) -> tuple[Fraction | None, ...]:
    if not given:
        problems.append((field.name, "is missing"))
        return ()
    if not isinstance(value, list | tuple):
        problems.append((field.name, f"a list of {len(field.labels)} numbers is needed"))
        return ()
    if len(value) != len(field.labels):
        problems.append((field.name, f"{len(field.labels)} sections are needed, {len(value)} were given"))
        return ()
    if all(score is None for score in value):
        problems.append((field.name, "every section is absent: there is nothing to score"))
    return tuple(
        None if score is None else _score(score, field.maximum, f"{field.name}[{index}]", problems)
        for index, score in enumerate(value)
    )


def _score(value: object, maximum: Decimal, place: str, problems: Problems) -> Fraction | None:
    number = exact(value)
    if number is None:
        problems.append((place, f'"{shown(value)}" is not a number'))
    elif number < 0:
        problems.append((place, f"{shown(value)} is below the minimum of 0"))
    elif number > maximum:
        problems.append((place, f"{shown(value)} is above the maximum of {maximum}"))
    return number


def _visits(field: VisitsField, given: bool, value: object, problems: Problems) -> tuple[Visit, ...]:
    if not isinstance(value, list | tuple):
        reason = "a list of visits (date, score) is needed" if given else "is missing"
        problems.append((field.name, reason))
        return ()
    visits = [_visit(field, entry, f"{field.name}[{index}]", problems) for index, entry in enumerate(value)]
    return tuple(visit for visit in visits if visit is not None)


def _visit(field: VisitsField, entry: object, place: str, problems: Problems) -> Visit | None:
    if not isinstance(entry, Mapping):
        problems.append((place, "is not an object with date and score"))
        return None
    problems += [
        (f"{place}.{shown(name)}", "is not a field of a visit (fields: date, score)")
        for name in entry
        if name not in ("date", "score")
    ]
    problems += [(f"{place}.{name}", "is missing") for name in ("date", "score") if name not in entry]
    if "date" not in entry or "score" not in entry:
        return None
    day = read_date(entry["date"])
    if day is None:
        problems.append((f"{place}.date", f'"{shown(entry["date"])}" is not a date (YYYY-MM-DD)'))
        return None
    score = entry["score"]
    return Visit(day, None if score is None else _score(score, field.maximum, f"{place}.score", problems))


def _order_of_dates(scheme: Scheme, facts: Facts, problems: Problems) -> None:
    for field in scheme.inputs.fields:
        if isinstance(field, DateField) and field.not_after is not None:
            day, limit = facts.dates.get(field.name), facts.dates.get(field.not_after)
            if day and limit and day > limit:
                problems.append((field.name, f"{day} is after {field.not_after} {limit}"))
