"""The inputs of a scheme must fit together: each name once, each reference to one of the right kind."""

from collections import Counter
from collections.abc import Iterator

from safety_service.domain.scoring.fields import (
    CodesField,
    CountField,
    DateField,
    InputField,
    NumberField,
    ViolationsField,
)
from safety_service.domain.scoring.scheme import Scheme

Path = tuple[str | int, ...]
Fault = tuple[Path, str]


def input_faults(scheme: Scheme) -> Iterator[Fault]:
    names = Counter(field.name for field in scheme.inputs.fields)
    for index, field in enumerate(scheme.inputs.fields):
        if names[field.name] > 1:
            yield ("inputs", "fields", index, "name"), f"{field.name} is named twice"
        for path, reason in _field_faults(scheme, field):
            yield ("inputs", "fields", index, *path), reason
    if scheme.inputs.as_of is not None:
        as_of = scheme.field(scheme.inputs.as_of)
        if not isinstance(as_of, DateField) or not as_of.required or as_of.nullable:
            yield ("inputs", "as_of"), f"{scheme.inputs.as_of} is not a required date of this scheme"


def _field_faults(scheme: Scheme, field: InputField) -> Iterator[Fault]:
    if isinstance(field, DateField) and field.not_after is not None:
        if not isinstance(scheme.field(field.not_after), DateField):
            yield ("not_after",), f"{field.not_after} is not a date of this scheme"
    elif isinstance(field, CountField) and field.points:
        yield from _steps(field)
    elif isinstance(field, NumberField):
        if field.allowed_values and field.max is not None:
            yield ("max",), "allowed_values say already what is allowed"
        if not field.allowed_values and field.not_allowed == "reported":
            yield ("not_allowed",), "needs allowed_values"
    elif isinstance(field, CodesField):
        if not isinstance(scheme.field(field.of), ViolationsField):
            yield ("of",), f"{field.of} is not an input with violations"
    elif isinstance(field, ViolationsField):
        yield from _code_book(field)


def _steps(field: CountField) -> Iterator[Fault]:
    ends = [step.up_to for step in field.points]
    if ends[-1] is not None:
        yield (
            ("points", len(ends) - 1, "up_to"),
            "the last step has no end, so that every count is worth something",
        )
    previous = -1
    for index, end in enumerate(ends[:-1]):
        if end is None or end <= previous:
            yield ("points", index, "up_to"), f"must be above {previous}"
            return
        previous = end


def _code_book(field: ViolationsField) -> Iterator[Fault]:
    severities = Counter(one.severity for one in field.severities)
    codes = Counter(one.code for one in field.codes)
    for index, severity in enumerate(field.severities):
        if severities[severity.severity] > 1:
            yield ("severities", index, "severity"), f"{severity.severity} is named twice"
        yield from _levels(field, severity.points, ("severities", index, "points"))
    for index, code in enumerate(field.codes):
        if codes[code.code] > 1:
            yield ("codes", index, "code"), f"{code.code} is named twice"
        if code.severity not in severities:
            yield ("codes", index, "severity"), f"{code.severity} is not a severity here"
        if code.points is not None:
            yield from _levels(field, code.points, ("codes", index, "points"))


def _levels(field: ViolationsField, points: object, path: Path) -> Iterator[Fault]:
    if isinstance(points, dict):
        for level in points:
            if level not in field.levels:
                yield (*path, level), f"is not one of the levels ({', '.join(field.levels)})"
        if not points:
            yield path, "names no level"
