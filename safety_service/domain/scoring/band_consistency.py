"""Bands must give every value one grade: edges that meet, or steps of which each is wider than the last."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from safety_service.domain.scoring.bands import FACT_OF_LIMIT
from safety_service.domain.scoring.fields import SectionsField, VisitsField
from safety_service.domain.scoring.measure_consistency import facts_of
from safety_service.domain.scoring.measure_params import StartMinusSum
from safety_service.domain.scoring.scheme import MEASURED, Band, Scheme

Path = tuple[str | int, ...]
Fault = tuple[Path, str]
_MEET = "so that bands meet without gap or overlap"


def band_faults(scheme: Scheme) -> Iterator[Fault]:
    grades = Counter(band.grade for band in scheme.bands)
    for index, band in enumerate(scheme.bands):
        if grades[band.grade] > 1:
            yield ("bands", index, "grade"), f"{band.grade} is named twice"
    if any(getattr(band, name) is not None for band in scheme.bands for name in FACT_OF_LIMIT):
        yield from _ladder(scheme)
    else:
        yield from _edges(scheme)


def _ladder(scheme: Scheme) -> Iterator[Fault]:
    """Limits of several kinds: the first band that holds wins, so none may be stricter than a better one."""
    known = facts_of(scheme)
    looser = {"min": -1, "max": 1, "max_component": 1, "max_key_failed": 1, "min_rate": -1}
    for index, band in enumerate(scheme.bands):
        for name, fact in FACT_OF_LIMIT.items():
            if getattr(band, name) is not None and fact not in known:
                yield ("bands", index, name), f"{scheme.measure.op} gives no {fact}"
        for name, sign in looser.items():
            limit = getattr(band, name)
            better = getattr(scheme.bands[index - 1], name) if index else limit
            if limit is not None and (better is None or (limit - better) * sign < 0):
                yield ("bands", index, name), "is stricter than the better band before it"
    if any(getattr(scheme.bands[-1], name) is not None for name in looser):
        yield (
            ("bands", len(scheme.bands) - 1),
            "the last band takes whatever no better one does: it has no limits",
        )


def _edges(scheme: Scheme) -> Iterator[Fault]:
    """Edges alone: on the grid of the rounding, or shared by two bands of which one includes it."""
    rounding = scheme.measure.rounding
    on_grid = rounding is not None and rounding.stage == "before_band"
    step = Decimal(1).scaleb(-rounding.places) if rounding is not None and on_grid else None
    rising = scheme.direction == "higher_is_better"
    near, far = ("max", "min") if rising else ("min", "max")
    for index, band in enumerate(scheme.bands):
        yield from _one_band(index, band, step)
        if index == 0:
            yield from _outer(scheme, band, near)
        else:
            yield from _joint(
                index, scheme.bands[index - 1], band, near, far, step if rising else step and -step
            )
    yield from _end(scheme, scheme.bands[-1], far)


def _one_band(index: int, band: Band, step: Decimal | None) -> Iterator[Fault]:
    for edge in ("min", "max"):
        value = getattr(band, edge)
        if step is not None and value is not None and value % step:
            yield ("bands", index, edge), f"{value} is finer than the rounding ({step})"
        if step is not None and not getattr(band, f"{edge}_incl"):
            yield ("bands", index, f"{edge}_incl"), "rounded values have both edges included"
    if band.min is not None and band.max is not None and band.min > band.max:
        yield ("bands", index, "min"), f"{band.min} is above max {band.max}"


def _outer(scheme: Scheme, band: Band, near: str) -> Iterator[Fault]:
    value = getattr(band, near)
    of = scheme.measure.of
    field = scheme.field(of) if isinstance(of, str) else None
    top = field.maximum if isinstance(field, SectionsField | VisitsField) else None
    if near == "min":
        if value is not None and (value > 0 or not band.min_incl):
            yield ("bands", 0, near), "must be 0 or open, so that the best value has a grade"
    elif value is not None and value != top:
        yield ("bands", 0, near), f"must be {'open' if top is None else top}, {_MEET}"


def _joint(
    index: int, better: Band, band: Band, near: str, far: str, step: Decimal | None
) -> Iterator[Fault]:
    end, start = getattr(better, far), getattr(band, near)
    if end is None:
        yield ("bands", index - 1, far), f"is needed, {_MEET}"
        return
    expected = end if step is None else end - step
    if start != expected:
        yield ("bands", index, near), f"must be {expected}, {_MEET}"
    elif step is None and getattr(better, f"{far}_incl") == getattr(band, f"{near}_incl"):
        yield ("bands", index, f"{near}_incl"), f"{expected} belongs to one of two bands, {_MEET}"


def _end(scheme: Scheme, band: Band, far: str) -> Iterator[Fault]:
    value = getattr(band, far)
    if value is None or (far == "min" and _never_below(scheme, value)):
        return
    side = "below" if far == "min" else "above"
    limits = [getattr(o.when, side) for o in scheme.overrides if o.when.fact == MEASURED]
    if value not in limits:
        yield ("bands", len(scheme.bands) - 1, far), f"nothing says what a value {side} {value} gets"


def _never_below(scheme: Scheme, value: Decimal) -> bool:
    measure = scheme.measure
    if isinstance(measure, StartMinusSum):
        return measure.least is not None and value <= measure.least
    return value <= 0
