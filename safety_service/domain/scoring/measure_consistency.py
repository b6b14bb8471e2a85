"""A measure must be able to take its inputs, and says which facts it gives beside its value."""

from collections.abc import Iterator

from safety_service.domain.scoring.fields import (
    CountField,
    DateField,
    NumberField,
    SectionsField,
    TallyField,
    ViolationsField,
    VisitsField,
)
from safety_service.domain.scoring.measure_params import (
    MeanOfSections,
    PassRate,
    StartMinusSum,
    Sum,
    WeightedMean,
    WindowMean,
    Worst,
)
from safety_service.domain.scoring.scheme import Scheme

Path = tuple[str | int, ...]
Fault = tuple[Path, str]


def facts_of(scheme: Scheme) -> tuple[str, ...]:
    """The names of the facts that the measure of a scheme gives."""
    measure = scheme.measure
    if isinstance(measure, Sum | StartMinusSum):
        severities = [
            one.severity
            for field in scheme.inputs.fields
            if isinstance(field, ViolationsField)
            for one in field.severities
        ]
        return (*measure.subtotals, "max_component", *severities)
    if isinstance(measure, PassRate):
        return ("rate", "key_failed")
    if isinstance(measure, MeanOfSections) and measure.key is not None:
        return ("key_failed",)
    return ()


def measure_faults(scheme: Scheme) -> Iterator[Fault]:
    measure = scheme.measure
    if isinstance(measure, Sum | StartMinusSum):
        yield from _sums(scheme, measure)
        return
    field, fits = scheme.field(measure.of), False
    if isinstance(measure, MeanOfSections | Worst):
        fits = isinstance(field, SectionsField)
        key = measure.key if isinstance(measure, MeanOfSections) else None
        if key is not None and not isinstance(scheme.field(key), CountField):
            yield ("measure", "key"), f"{key} is not a count of this scheme"
    elif isinstance(measure, PassRate):
        fits = isinstance(field, TallyField) and "passed" in field.counts
        key_field = scheme.field(measure.key)
        if not isinstance(key_field, TallyField) or "failed" not in key_field.counts:
            yield ("measure", "key"), f"{measure.key} is not a tally with checked and failed"
    else:
        fits = isinstance(field, VisitsField)
        yield from _needs_a_day(scheme, measure)
    if not fits:
        yield ("measure", "of"), f"{measure.of} is not an input that {measure.op} can take"


def _needs_a_day(scheme: Scheme, measure: WindowMean | WeightedMean) -> Iterator[Fault]:
    if not isinstance(scheme.field(scheme.inputs.as_of), DateField):
        yield ("measure", "op"), f"{measure.op} needs inputs.as_of"


def _sums(scheme: Scheme, measure: Sum | StartMinusSum) -> Iterator[Fault]:
    for index, name in enumerate(measure.of):
        if not isinstance(scheme.field(name), CountField | NumberField | ViolationsField):
            yield ("measure", "of", index), f"{name} is not an input that {measure.op} can take"
        if name in measure.of[:index]:
            yield ("measure", "of", index), f"{name} is added twice"
    for subtotal, names in measure.subtotals.items():
        for index, name in enumerate(names):
            if name not in measure.of:
                yield ("measure", "subtotals", subtotal, index), f"{name} is not among what is added"
