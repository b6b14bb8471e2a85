"""A scheme must fit together: names that exist, bands without gap or overlap, points that add up."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from safety_service.domain.scoring.scheme import (
    MEASURED,
    CountField,
    DateField,
    MeanOfSections,
    Override,
    Scheme,
    SectionsField,
    VisitsField,
)

Path = tuple[str | int, ...]
Fault = tuple[Path, str]


def faults(scheme: Scheme) -> Iterator[Fault]:
    """Every contradiction inside a scheme, as (path in the file, reason)."""
    yield from _inputs(scheme)
    yield from _measure(scheme)
    yield from _bands(scheme)
    yield from _overrides(scheme)
    yield from _checklist(scheme)
    if scheme.effective_to and scheme.effective_to < scheme.effective_from:
        yield ("effective_to",), "is before effective_from"


def _inputs(scheme: Scheme) -> Iterator[Fault]:
    names = Counter(field.name for field in scheme.inputs.fields)
    for index, field in enumerate(scheme.inputs.fields):
        if names[field.name] > 1:
            yield ("inputs", "fields", index, "name"), f"{field.name} is named twice"
        limit = field.not_after if isinstance(field, DateField) else None
        if limit is not None and not isinstance(scheme.field(limit), DateField):
            yield ("inputs", "fields", index, "not_after"), f"{limit} is not a date of this scheme"
    as_of = scheme.field(scheme.inputs.as_of)
    if not isinstance(as_of, DateField) or not as_of.required or as_of.nullable:
        yield ("inputs", "as_of"), f"{scheme.inputs.as_of} is not a required date of this scheme"


def _measure(scheme: Scheme) -> Iterator[Fault]:
    wanted = SectionsField if isinstance(scheme.measure, MeanOfSections) else VisitsField
    if not isinstance(scheme.field(scheme.measure.of), wanted):
        yield ("measure", "of"), f"{scheme.measure.of} is not an input that {scheme.measure.op} can take"


def _bands(scheme: Scheme) -> Iterator[Fault]:
    step = Decimal(1).scaleb(-scheme.measure.rounding.places)
    measured = scheme.field(scheme.measure.of)
    top = getattr(measured, "maximum", None)
    for index, band in enumerate(scheme.bands):
        for edge, value in (("min", band.min), ("max", band.max)):
            if value % step:
                yield ("bands", index, edge), f"{value} is finer than the rounding ({step})"
        if band.min > band.max:
            yield ("bands", index, "min"), f"{band.min} is above max {band.max}"
        expected = top if index == 0 else scheme.bands[index - 1].min - step
        if expected is not None and band.max != expected:
            yield ("bands", index, "max"), f"must be {expected}, so that bands meet without gap or overlap"
    lowest = scheme.bands[-1].min
    floors = [o.when.below for o in scheme.overrides if o.when.fact == MEASURED and o.when.below is not None]
    if lowest > 0 and lowest not in floors:
        yield ("bands", len(scheme.bands) - 1, "min"), f"nothing says what a value below {lowest} gets"
    grades = Counter(band.grade for band in scheme.bands)
    for index, band in enumerate(scheme.bands):
        if grades[band.grade] > 1:
            yield ("bands", index, "grade"), f"{band.grade} is named twice"


def _overrides(scheme: Scheme) -> Iterator[Fault]:
    for index, override in enumerate(scheme.overrides):
        reason = _unfit(scheme, override)
        if reason:
            yield ("overrides", index, "when", "fact"), reason


def _unfit(scheme: Scheme, override: Override) -> str | None:
    when = override.when
    field = scheme.field(when.fact)
    if when.within_months is not None:
        return None if isinstance(field, DateField) else f"{when.fact} is not a date of this scheme"
    if when.fact == MEASURED or isinstance(field, CountField):
        return None
    return f"{when.fact} is not a number of this scheme (a count, or {MEASURED})"


def _checklist(scheme: Scheme) -> Iterator[Fault]:
    checklist = scheme.checklist
    if checklist is None:
        return
    sections = scheme.field(checklist.sections_input)
    if not isinstance(sections, SectionsField) or len(sections.labels) != len(checklist.sections):
        yield ("checklist", "sections_input"), "is not an input with as many sections as the checklist"
        return
    if not isinstance(scheme.field(checklist.key_failed_input), CountField):
        yield ("checklist", "key_failed_input"), f"{checklist.key_failed_input} is not a count of this scheme"
    points = [Decimal(0)] * len(checklist.sections)
    for index, item in enumerate(checklist.items):
        if item.section is None or item.section > len(points):
            yield ("checklist", "items", index, "section"), f"is needed, from 1 to {len(points)}"
        else:
            points[item.section - 1] += item.points
    for number, total in enumerate(points, start=1):
        if total != sections.maximum:
            yield ("checklist", "items"), f"section {number} adds up to {total}, not {sections.maximum}"
    yield from _codes(scheme)


def _codes(scheme: Scheme) -> Iterator[Fault]:
    checklist = scheme.checklist
    if checklist is None:
        return
    codes = Counter(item.code for item in checklist.all_items())
    for code, times in codes.items():
        if times > 1:
            yield ("checklist", "items"), f"code {code} is used {times} times"
