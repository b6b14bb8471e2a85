"""Reads a map of townships from GeoJSON (RFC 7946): what is drawn, and nothing that cannot be drawn."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from safety_service.domain.errors import Refused

MOST_POINTS = 100_000
"""A wall screen draws them all three times; a county's townships need a few thousand."""
MOST_AREAS = 500
DECIMALS = 5
"""About a metre; files of surveyors carry fifteen."""


def read_boundary(text: str) -> list[dict[str, Any]]:
    """The areas of a file, each `{type, properties: {name}, geometry}`; raises Refused with every problem.

    Polygons and MultiPolygons are areas; a name is taken from `name`, `NAME` or `name_zh` of the properties.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Refused(f"this is not JSON: {error}", place="file") from error
    problems: list[tuple[str, str]] = []
    areas = [area for place, feature in _features(document) if (area := _area(place, feature, problems))]
    points = sum(len(ring) for area in areas for ring in _rings(area["geometry"]))
    if points > MOST_POINTS:
        problems.append(("file", f"{points} points, at most {MOST_POINTS} can be drawn; simplify the lines"))
    if not areas and not problems:
        problems.append(("file", "there is no polygon in it"))
    if len(areas) > MOST_AREAS:
        problems.append(("file", f"{len(areas)} areas, at most {MOST_AREAS}"))
    if problems:
        sentence = "; ".join(f"{place}: {reason}" for place, reason in problems[:10])
        raise Refused(sentence, problems=problems)
    return areas


def _features(document: Any) -> Iterator[tuple[str, Any]]:
    kind = document.get("type") if isinstance(document, Mapping) else None
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        yield from ((f"features.{n}", feature) for n, feature in enumerate(document["features"]))
    elif kind == "Feature":
        yield "feature", document
    elif kind in {"Polygon", "MultiPolygon"}:
        yield "geometry", {"type": "Feature", "properties": {}, "geometry": document}
    else:
        raise Refused("must be GeoJSON: a FeatureCollection of polygons", place="file")


def _area(place: str, feature: Any, problems: list[tuple[str, str]]) -> dict[str, Any] | None:
    geometry = feature.get("geometry") if isinstance(feature, Mapping) else None
    kind = geometry.get("type") if isinstance(geometry, Mapping) else None
    if not isinstance(geometry, Mapping) or kind not in {"Polygon", "MultiPolygon"}:
        problems.append((place, f"must be a Polygon or a MultiPolygon, not {kind!r}"))
        return None
    shape: Any = [geometry.get("coordinates")] if kind == "Polygon" else geometry.get("coordinates")
    try:
        polygons = [[_ring(ring) for ring in polygon] for polygon in shape or [[]]]
    except (TypeError, ValueError, IndexError) as error:
        problems.append((f"{place}.geometry", str(error) or "is not made of rings of positions"))
        return None
    if not any(polygons):
        problems.append((f"{place}.geometry", "has no ring"))
        return None
    given = feature.get("properties") or {}
    name = next((str(given[key]) for key in ("name", "NAME", "name_zh") if given.get(key)), "")
    return {
        "type": "Feature",
        "properties": {"name": name[:100]},
        "geometry": {"type": "MultiPolygon", "coordinates": polygons},
    }


def _ring(positions: Sequence[Sequence[float]]) -> list[list[float]]:
    ring = [_position(position) for position in positions]
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise ValueError("a ring has four positions at least, and ends where it began")
    return ring


def _position(position: Sequence[float]) -> list[float]:
    longitude, latitude = float(position[0]), float(position[1])
    if not (math.isfinite(longitude) and -180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ValueError(
            f"[{longitude:g}, {latitude:g}] is no longitude and latitude in degrees; is the file projected?"
        )
    return [round(longitude, DECIMALS), round(latitude, DECIMALS)]


def _rings(geometry: Mapping[str, Any]) -> Iterator[list[list[float]]]:
    for polygon in geometry["coordinates"]:
        yield from polygon
