"""Inspections as other systems publish them: the LIVES tables, and establishments in the manner of FHRS."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from safety_service.domain.scoring.numbers import exact, round_half_up
from safety_service.domain.scoring.scheme import Band, Scheme

LIVES_VERSION = "1.0"
BUSINESSES = (
    "business_id",
    "name",
    "address",
    "city",
    "state",
    "postal_code",
    "latitude",
    "longitude",
    "phone_number",
)
INSPECTIONS = ("business_id", "score", "date", "description", "type")
VIOLATIONS = ("business_id", "date", "code", "description")
FEED_INFO = ("feed_date", "feed_version", "municipality_name", "municipality_url", "contact_email")
LEGEND = ("minimum_score", "maximum_score", "description")

FHRS = "uk.fhrs"
AWAITING = "AwaitingInspection"
_FHRS_SCORES = {
    "Hygiene": "hygiene",
    "Structural": "structural",
    "ConfidenceInManagement": "confidence_in_management",
}
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_HUNDRED = Decimal(100)


class Business(msgspec.Struct, frozen=True, kw_only=True):
    """One cafeteria with where it is; `name` and `town` in the language of the feed."""

    id: str
    school: str
    name: str
    school_name: str
    town: str
    county: str
    latitude: float | None
    longitude: float | None
    scheme: str | None = None
    visited_on: date | None = None
    grade: str | None = None
    appeal_pending: bool = False


def clean(value: object) -> str:
    """A value of a LIVES file: no tab, no line break, no control character."""
    return "" if value is None else _SPACE.sub(" ", str(value)).strip()


def compact(day: date) -> str:
    """YYYYMMDD."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def can_be_a_percentage(scheme: Scheme) -> bool:
    """Whether scores of the scheme can be laid on 0 to 100: more is better, and there is a best."""
    return scheme.direction == "higher_is_better" and bool(scheme.bands) and scheme.bands[0].max is not None


def percentage(scheme: Scheme, score: str | None) -> str:
    """The score on the scale of LIVES, a whole number rounded half-up; empty where none was given."""
    number, full = exact(score), exact(scheme.bands[0].max)
    if number is None or full is None:
        return ""
    return str(round_half_up(number / full * 100, 0))


def legend(scheme: Scheme, language: str) -> list[tuple[str, str, str]]:
    """Which scores a grade stands for; below the lowest there is none."""
    rows = [
        (_edge(scheme, band.min), _edge(scheme, band.max), _label(band, language)) for band in scheme.bands
    ]
    lowest = scheme.bands[-1].min
    if lowest is not None and lowest > 0:
        below = str(int(_edge(scheme, lowest)) - 1)
        rows.append(("0", below, no_grade(language)))
    return rows


def no_grade(language: str) -> str:
    return "不评定等级" if language == "zh" else "No grade"


def _edge(scheme: Scheme, edge: Decimal | None) -> str:
    full = scheme.bands[0].max or Decimal(1)
    shown = ((edge or Decimal(0)) / full * _HUNDRED).quantize(Decimal(1), ROUND_HALF_UP)
    return str(shown)


def _label(band: Band, language: str) -> str:
    return band.labels.zh if language == "zh" else band.labels.en


def lives_business(one: Business) -> tuple[str, ...]:
    """The address is as much as is known of it: township and school."""
    address = f"{one.town} {one.school_name}"
    place = (one.latitude, one.longitude)
    return tuple(clean(value) for value in (one.id, one.name, address, one.county, "", "", *place, ""))


def establishment(one: Business, label: str | None, result: Mapping[str, Any] | None) -> dict[str, Any]:
    """One cafeteria in the shape of the FHRS open data.

    Only a visit under uk.fhrs gives a rating of that scheme, with its scores. Every other keeps the name of
    its own scheme and grade: what was not rated by the Brand Standard must not look as if it had been.
    """
    scheme = one.scheme or FHRS
    rating = AWAITING if one.visited_on is None else (one.grade if scheme == FHRS else label) or "NoGrade"
    place = None
    if one.latitude is not None and one.longitude is not None:
        place = {"longitude": str(one.longitude), "latitude": str(one.latitude)}
    return {
        "FHRSID": one.id,
        "LocalAuthorityBusinessID": one.id,
        "BusinessName": one.name,
        "BusinessType": "School/college/university",
        "BusinessTypeID": 7845,
        "AddressLine1": one.school_name,
        "AddressLine2": one.town,
        "AddressLine3": one.county,
        "AddressLine4": "",
        "PostCode": "",
        "RatingValue": rating,
        "RatingKey": _rating_key(scheme, rating),
        "RatingDate": f"{one.visited_on.isoformat()}T00:00:00" if one.visited_on else None,
        "Scores": _scores(result if scheme == FHRS else None),
        "SchemeType": "FHRS" if scheme == FHRS else scheme,
        "NewRatingPending": one.appeal_pending,
        "Geocode": place,
    }


def _rating_key(scheme: str, rating: str) -> str:
    name = "fhrs" if scheme == FHRS else scheme.replace(".", "_")
    return f"{name}_{rating.lower()}_en-gb" if scheme == FHRS else f"{name}_{rating}"


def _scores(result: Mapping[str, Any] | None) -> dict[str, int] | None:
    if result is None:
        return None
    inputs = result["inputs"]
    return {name: int(inputs[source]) for name, source in _FHRS_SCORES.items()}
