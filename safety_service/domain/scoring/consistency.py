"""A scheme must fit together: names that exist, measures that can be taken, points that add up."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from safety_service.domain.scoring.band_consistency import band_faults
from safety_service.domain.scoring.fields import (
    CountField,
    DateField,
    NumberField,
    SectionsField,
    TallyField,
)
from safety_service.domain.scoring.input_consistency import input_faults
from safety_service.domain.scoring.measure_consistency import facts_of, measure_faults
from safety_service.domain.scoring.scheme import MEASURED, SOURCES, Checklist, OutputOf, Override, Scheme
from safety_service.domain.scoring.verdict_consistency import verdict_faults

Path = tuple[str | int, ...]
Fault = tuple[Path, str]


def faults(scheme: Scheme) -> Iterator[Fault]:
    """Every contradiction inside a scheme, as (path in the file, reason)."""
    yield from input_faults(scheme)
    unfit = list(measure_faults(scheme))
    yield from unfit
    if not unfit:
        yield from band_faults(scheme)
    yield from _overrides(scheme)
    yield from verdict_faults(scheme)
    yield from _outputs(scheme)
    yield from _checklist(scheme)
    if scheme.scores == "visit" and scheme.inputs.as_of not in (None, "date"):
        yield ("inputs", "as_of"), "must be date: that is what a visit calls its day"
    if scheme.scores != "visit" and scheme.on_sign:
        yield ("on_sign",), "is for schemes that score a visit"
    if scheme.effective_to and scheme.effective_to < scheme.effective_from:
        yield ("effective_to",), "is before effective_from"


def _overrides(scheme: Scheme) -> Iterator[Fault]:
    grades = {band.grade for band in scheme.bands}
    for index, override in enumerate(scheme.overrides):
        reason = _unfit(scheme, override)
        if reason:
            yield ("overrides", index, "when", "fact"), reason
        if override.grade is not None and override.grade not in grades:
            yield ("overrides", index, "grade"), f"{override.grade} is not a grade of this scheme"
        if override.withdraws_sign and override.when.within_months is None:
            yield ("overrides", index, "withdraws_sign"), "needs within_months: a sign is away until a day"


def _unfit(scheme: Scheme, override: Override) -> str | None:
    when = override.when
    field = scheme.field(when.fact)
    if when.within_months is not None:
        if scheme.inputs.as_of is None:
            return "within_months needs inputs.as_of"
        return None if isinstance(field, DateField) else f"{when.fact} is not a date of this scheme"
    if when.equals is not None:
        words = {"choice": getattr(field, "values", ()), "flag": ("true", "false")}
        allowed = words.get(field.type) if field is not None else None
        if allowed is None:
            return f"{when.fact} is not a choice or a flag of this scheme"
        return None if when.equals in allowed else f"{when.fact} is never {when.equals}"
    if when.fact == MEASURED or isinstance(field, CountField | NumberField) or when.fact in facts_of(scheme):
        return None
    known = ", ".join(("a count", "a number", MEASURED, *facts_of(scheme)))
    return f"{when.fact} is not a number of this scheme ({known})"


def _outputs(scheme: Scheme) -> Iterator[Fault]:
    for name, output in scheme.outputs.items():
        source = output.of if isinstance(output, OutputOf) else output
        if source not in SOURCES and source not in facts_of(scheme):
            known = ", ".join((*SOURCES, *facts_of(scheme)))
            yield ("outputs", name), f"{source} is nothing that can be put out ({known})"
    for name in scheme.outputs:
        if name in ("scheme", "version", "headline", "decided_by", "reckoning", "inputs"):
            yield ("outputs", name), "is a name that every result has"


def _checklist(scheme: Scheme) -> Iterator[Fault]:
    checklist = scheme.checklist
    if checklist is None:
        return
    if checklist.sections_input is not None:
        yield from _sections(scheme, checklist)
    else:
        yield from _tallies(scheme, checklist)
    for index, item in enumerate(checklist.items):
        if item.section is None or item.section > len(checklist.sections):
            yield ("checklist", "items", index, "section"), f"is needed, from 1 to {len(checklist.sections)}"
    codes = Counter(item.code for item in checklist.all_items())
    for code, times in codes.items():
        if times > 1:
            yield ("checklist", "items"), f"code {code} is used {times} times"


def _sections(scheme: Scheme, checklist: Checklist) -> Iterator[Fault]:
    sections = scheme.field(checklist.sections_input)
    if not isinstance(sections, SectionsField) or len(sections.labels) != len(checklist.sections):
        yield ("checklist", "sections_input"), "is not an input with as many sections as the checklist"
        return
    if not isinstance(scheme.field(checklist.key_failed_input), CountField):
        yield ("checklist", "key_failed_input"), f"{checklist.key_failed_input} is not a count of this scheme"
    for number in range(1, len(checklist.sections) + 1):
        total = sum((item.points for item in checklist.items if item.section == number), Decimal(0))
        if total != sections.maximum:
            yield ("checklist", "items"), f"section {number} adds up to {total}, not {sections.maximum}"


def _tallies(scheme: Scheme, checklist: Checklist) -> Iterator[Fault]:
    wanted = {"key_tally": {"checked", "failed"}, "general_tally": {"checked", "not_applicable", "passed"}}
    for name, counts in wanted.items():
        field = scheme.field(getattr(checklist, name))
        if not isinstance(field, TallyField) or set(field.counts) != counts:
            yield ("checklist", name), f"is not a tally of {', '.join(sorted(counts))}"
