"""Reads inputs that are lists: sections, past visits, violations and codes; each wrong entry by its place."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from safety_service.domain.scoring.fields import CodesField, SectionsField, ViolationsField, VisitsField
from safety_service.domain.scoring.numbers import exact, exact_text, read_date, shown

Problems = list[tuple[str, str]]


class Visit(msgspec.Struct, frozen=True):
    """A past visit; `score` is None where none was given."""

    on: date
    score: Fraction | None

    def as_json(self) -> dict[str, Any]:
        return {"date": self.on.isoformat(), "score": exact_text(self.score)}


class Violation(msgspec.Struct, frozen=True):
    """A violation found; `level` is None where its code book has no levels."""

    code: str
    level: str | None
    points: Fraction
    severity: str

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "level": self.level, "points": exact_text(self.points)}


def read_sections(
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


def read_visits(field: VisitsField, given: bool, value: object, problems: Problems) -> tuple[Visit, ...]:
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


def read_violations(
    scheme: str, field: ViolationsField, given: bool, value: object, problems: Problems
) -> tuple[Violation, ...]:
    """The violations in the order of the code book, so that the order they came in changes nothing."""
    if not isinstance(value, list | tuple):
        reason = "a list of violations (code, level, points) is needed" if given else "is missing"
        problems.append((field.name, reason))
        return ()
    found: dict[str, Violation] = {}
    for index, entry in enumerate(value):
        place = f"{field.name}[{index}]"
        violation = _violation(scheme, field, entry, place, problems)
        if violation is not None and violation.code in found:
            problems.append((f"{place}.code", f"{violation.code} is there twice"))
        elif violation is not None:
            found[violation.code] = violation
    return tuple(found[code.code] for code in field.codes if code.code in found)


def _violation(
    scheme: str, field: ViolationsField, entry: object, place: str, problems: Problems
) -> Violation | None:
    if not isinstance(entry, Mapping):
        problems.append((place, "is not an object with code, level and points"))
        return None
    before = len(problems)
    problems += [
        (f"{place}.{shown(name)}", "is not a field of a violation (fields: code, level, points)")
        for name in entry
        if name not in ("code", "level", "points")
    ]
    code = next((one for one in field.codes if one.code == entry.get("code")), None)
    if code is None:
        unknown = f'"{shown(entry.get("code"))}" is not in scheme {scheme}'
        problems.append((f"{place}.code", unknown if entry.get("code") is not None else "is missing"))
        return None
    points = field.points(code)
    level = entry.get("level")
    allowed = list(points) if isinstance(points, dict) else list(field.levels)
    # A code with one value at every level may leave the level out, and one without levels must.
    if level not in allowed and not (level is None and not isinstance(points, dict)):
        known = f"{code.code} has the levels {', '.join(allowed)}" if allowed else f"{code.code} has no level"
        reason = "is missing" if level is None else f'"{shown(level)}" is not allowed'
        problems.append((f"{place}.level", f"{reason}: {known}"))
    if len(problems) > before:
        return None
    worth = points[str(level)] if isinstance(points, dict) else points
    sent = entry.get("points")
    if sent is not None and exact(sent) != Fraction(worth):
        at = f" at level {level}" if isinstance(points, dict) else ""
        problems.append((f"{place}.points", f"{code.code}{at} has {worth} points, not {shown(sent)}"))
        return None
    return Violation(code.code, level, Fraction(worth), code.severity)


def read_codes(field: CodesField, value: object, problems: Problems) -> tuple[str, ...]:
    """The codes in order and each once; none where nothing was given."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        problems.append((field.name, "a list of codes is needed"))
        return ()
    problems += [
        (f"{field.name}[{index}]", f'"{shown(code)}" is not a code')
        for index, code in enumerate(value)
        if not isinstance(code, str)
    ]
    return tuple(sorted({code for code in value if isinstance(code, str)}))
