"""Kinds of visit, hearings and next year's grade must speak of inputs and grades that the scheme has."""

from collections.abc import Iterator

from safety_service.domain.scoring.fields import ChoiceField, CodesField, CountField
from safety_service.domain.scoring.scheme import Scheme

Path = tuple[str | int, ...]
Fault = tuple[Path, str]


def verdict_faults(scheme: Scheme) -> Iterator[Fault]:
    yield from _visit_types(scheme)
    yield from _adjust(scheme)
    hearing = scheme.hearing
    if hearing is not None and not isinstance(scheme.field(hearing.dismissed), CodesField):
        yield ("hearing", "dismissed"), f"{hearing.dismissed} is not an input with codes"


def _visit_types(scheme: Scheme) -> Iterator[Fault]:
    visits = scheme.visit_types
    if visits is None:
        return
    names = [one.visit for one in visits.types]
    field = scheme.field(visits.input)
    if not isinstance(field, ChoiceField) or sorted(field.values) != sorted(names):
        yield ("visit_types", "input"), f"{visits.input} is not a choice of exactly {', '.join(names)}"
    for index, one in enumerate(visits.types):
        if one.leads_to is not None and one.leads_to not in names:
            yield ("visit_types", "types", index, "leads_to"), f"{one.leads_to} is not a kind of visit here"
        if one.min_gap_days is not None and scheme.inputs.as_of is None:
            yield ("visit_types", "types", index, "min_gap_days"), "needs inputs.as_of"


def _adjust(scheme: Scheme) -> Iterator[Fault]:
    adjust = scheme.adjust
    if adjust is None:
        return
    for place in ("raise_input", "lower_input"):
        name = getattr(adjust, place)
        if not isinstance(scheme.field(name), CountField):
            yield ("adjust", place), f"{name} is not a count of this scheme"
    if adjust.floor is not None and adjust.floor not in [band.grade for band in scheme.bands]:
        yield ("adjust", "floor"), f"{adjust.floor} is not a grade of this scheme"
