"""Reads single inputs: dates, counts, numbers, words and tallies; what is wrong becomes a problem."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from safety_service.domain.scoring.fields import (
    ChoiceField,
    CountField,
    DateField,
    FlagField,
    NumberField,
    TallyField,
)
from safety_service.domain.scoring.numbers import exact, read_date, shown

Problems = list[tuple[str, str]]


def read_day(field: DateField, given: bool, value: object, problems: Problems) -> date | None:
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


def read_count(field: CountField, given: bool, value: object, problems: Problems) -> int:
    if not given or value is None:
        if field.required:
            problems.append((field.name, "is missing"))
        return 0
    number = _whole(value, field.name, problems)
    if number is not None and field.max is not None and number > field.max:
        problems.append((field.name, f"{shown(value)} is above the maximum of {field.max}"))
    return number or 0


def _whole(value: object, place: str, problems: Problems) -> int | None:
    number = exact(value)
    if number is None or number.denominator != 1:
        problems.append((place, f'"{shown(value)}" is not a whole number'))
        return None
    if number < 0:
        problems.append((place, f"{shown(value)} is below the minimum of 0"))
    return number.numerator


def read_number(field: NumberField, value: object, problems: Problems) -> tuple[Fraction, bool]:
    """The number, and whether it is allowed; what the scheme refuses is a problem instead."""
    number = exact(value)
    if number is None:
        problems.append((field.name, "is missing" if value is None else f'"{shown(value)}" is not a number'))
        return Fraction(0), True
    if field.allowed_values:
        allowed = number in {Fraction(one) for one in field.allowed_values}
        if not allowed and field.not_allowed == "refused":
            values = ", ".join(str(one) for one in field.allowed_values)
            problems.append((field.name, f"{shown(value)} is not one of {values}"))
            return number, True
        return number, allowed
    if number < Fraction(field.min):
        problems.append((field.name, f"{shown(value)} is below the minimum of {field.min}"))
    elif field.max is not None and number > Fraction(field.max):
        problems.append((field.name, f"{shown(value)} is above the maximum of {field.max}"))
    return number, True


def read_choice(field: ChoiceField, value: object, problems: Problems) -> str:
    if isinstance(value, str) and value in field.values:
        return value
    reason = f'"{shown(value)}" is not one of {", ".join(field.values)}'
    problems.append((field.name, "is missing" if value is None else reason))
    return field.values[0]


def read_flag(field: FlagField, value: object, problems: Problems) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    problems.append((field.name, f'"{shown(value)}" is neither true nor false'))
    return False


def read_tally(field: TallyField, value: object, problems: Problems) -> dict[str, int]:
    names = ", ".join(field.counts)
    if not isinstance(value, Mapping):
        problems.append((field.name, "is missing" if value is None else f"is not an object with {names}"))
        return dict.fromkeys(field.counts, 0)
    before = len(problems)
    problems += [
        (f"{field.name}.{shown(name)}", f"is not a count here (counts: {names})")
        for name in value
        if name not in field.counts
    ]
    tally: dict[str, int] = {}
    for name in field.counts:
        number = value.get(name)
        if number is None:
            tally[name] = 0
            if name != "not_applicable":
                problems.append((f"{field.name}.{name}", "is missing"))
        else:
            tally[name] = _whole(number, f"{field.name}.{name}", problems) or 0
    if len(problems) == before:
        problems += _fit(field, tally)
    return tally


def _fit(field: TallyField, tally: dict[str, int]) -> Problems:
    checked = tally["checked"]
    if checked < field.min_checked:
        return [(f"{field.name}.checked", f"{checked} is below the minimum of {field.min_checked}")]
    parts = [name for name in field.counts if name != "checked"]
    if sum(tally[name] for name in parts) <= checked:
        return []
    # A bare `passed + not_applicable` would leave the reader to find out which of the counts is meant.
    written = " + ".join(f"{name} {tally[name]}" for name in parts)
    return [(f"{field.name}.{parts[-1]}", f"{written} is more than the {checked} checked")]
