"""Bands: the first, best first, whose limits all hold; each limit said as a comparison."""

import operator
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import msgspec

from safety_service.domain.scoring.measured import Measured
from safety_service.domain.scoring.numbers import exact_text
from safety_service.domain.scoring.scheme import Band, Scheme

FACT_OF_LIMIT = {"max_component": "max_component", "max_key_failed": "key_failed", "min_rate": "rate"}
"""A band's limit beside its edges → the fact of the measure that it looks at."""


class Choice(msgspec.Struct, frozen=True):
    """The band that holds, or None; `passed_over`: each better one with the limit that failed."""

    band: Band | None
    passed_over: list[dict[str, str]]


class _Limit(msgspec.Struct, frozen=True):
    name: str
    holds: bool
    because: str


def choose(scheme: Scheme, measured: Measured) -> Choice:
    """The best band that takes the measured value; without a value, one that does not ask for it."""
    passed_over: list[dict[str, str]] = []
    for band in scheme.bands:
        failed = next((limit for limit in _limits(band, measured) if not limit.holds), None)
        if failed is None:
            return Choice(band, passed_over)
        passed_over.append({"grade": band.grade, "because": failed.because})
    return Choice(None, passed_over)


def shown_limits(band: Band) -> dict[str, Any]:
    """The limits of a band as the reckoning shows them; edges that a band does not have are left out."""
    edges = {"min": band.min, "max": band.max}
    more = {name: getattr(band, name) for name in FACT_OF_LIMIT}
    found = {name: str(value) for name, value in {**edges, **more}.items() if value is not None}
    open_edges = {f"{name}_incl": False for name in edges if not getattr(band, f"{name}_incl")}
    return {"grade": band.grade, **found, **open_edges}


def _limits(band: Band, measured: Measured) -> Iterator[_Limit]:
    if band.min is not None:
        yield _edge("min", measured, Fraction(band.min), ">=" if band.min_incl else ">")
    if band.max is not None:
        yield _edge("max", measured, Fraction(band.max), "<=" if band.max_incl else "<")
    if band.max_component is not None:
        yield _beside("max_component", measured, Fraction(band.max_component), "<=")
    if band.max_key_failed is not None:
        yield _beside("max_key_failed", measured, Fraction(band.max_key_failed), "<=")
    if band.min_rate is not None:
        yield _beside("min_rate", measured, Fraction(band.min_rate), ">=")


def _edge(name: str, measured: Measured, limit: Fraction, sign: str) -> _Limit:
    if measured.value is None:
        return _Limit(name, False, "there is no value")
    return _compared(name, "measured", measured.value, limit, sign)


def _beside(name: str, measured: Measured, limit: Fraction, sign: str) -> _Limit:
    fact = FACT_OF_LIMIT[name]
    value = measured.facts[fact]
    # No rate means that no item applied, so none of them failed.
    return _Limit(name, True, f"no {fact}") if value is None else _compared(name, fact, value, limit, sign)


_OPPOSITE = {">=": "<", ">": "<=", "<=": ">", "<": ">="}
_COMPARED = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


def _compared(name: str, fact: str, value: Fraction, limit: Fraction, sign: str) -> _Limit:
    holds = _COMPARED[sign](value, limit)
    because = f"{fact} {exact_text(value)} {sign if holds else _OPPOSITE[sign]} {exact_text(limit)}"
    return _Limit(name, holds, because)
