"""What a scheme puts out, under the names it gives: each from one source, text or a whole number."""

from typing import Any

from safety_service.domain.scoring.measured import Measured
from safety_service.domain.scoring.numbers import exact, exact_text
from safety_service.domain.scoring.scheme import Band, OutputOf, Scheme
from safety_service.domain.scoring.standing import Standing


def valid_outputs(
    scheme: Scheme, first: Measured, heard: Measured | None, standing: Standing, reason: str | None
) -> dict[str, Any]:
    """The outputs of what was scored; `value` is the first score, `adjudicated` that after a hearing."""
    band, following = standing.band, standing.next_band
    shown = not standing.withheld
    facts = (heard or first).facts
    return _named(
        scheme,
        {
            **{name: exact_text(value) for name, value in facts.items()},
            "value": first.text if shown else None,
            "count": first.count,
            "grade": band.grade if band else None,
            "icon": band.icon if band else None,
            "letter": band.letter if band else None,
            "label_zh": band.labels.zh if band else None,
            "label_en": band.labels.en if band else None,
            "reason": reason,
            "status": standing.status,
            "adjudicated": heard.text if heard and shown else None,
            "next_visit_not_before": standing.not_before.isoformat() if standing.not_before else None,
            "next_grade": following.grade if following else None,
            "visits_per_year": _visits_per_year(following),
            "valid": True,
        },
    )


def invalid_outputs(scheme: Scheme, error: str, component: str) -> dict[str, Any]:
    """The outputs of inputs that the scheme does not know: nothing but the error and where it is."""
    return _named(scheme, {"valid": False, "error": error, "component": component})


def _visits_per_year(band: Band | None) -> list[int | None] | None:
    """[least, most]; most is null where a grade has no upper end."""
    if band is None or band.next_visit is None or band.next_visit.min_per_year is None:
        return None
    return [band.next_visit.min_per_year, band.next_visit.max_per_year]


def _named(scheme: Scheme, values: dict[str, Any]) -> dict[str, Any]:
    return {name: _written(source, values) for name, source in scheme.outputs.items()}


def _written(source: str | OutputOf, values: dict[str, Any]) -> Any:
    if isinstance(source, str):
        return values.get(source)
    value = values.get(source.of)
    number = exact(value) if source.as_ == "integer" else None
    return value if number is None or number.denominator != 1 else number.numerator
