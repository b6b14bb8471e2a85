"""A map that the bureau brings: what can be drawn is taken, everything else is named."""

import json
from typing import Any

import pytest

from safety_service.domain.boundary import read_boundary
from safety_service.domain.errors import Refused

RING = [[116.1, 35.0], [116.2, 35.0], [116.2, 35.1234567], [116.1, 35.0]]


def area(coordinates: Any, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def collection(*features: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def test_polygons_become_areas_with_a_name_and_a_metre_of_precision() -> None:
    given = collection(area([RING], NAME="鱼山街道", owner="x"), area([[RING], [RING]], "MultiPolygon"))
    first, second = read_boundary(given)
    assert first["properties"] == {"name": "鱼山街道"}
    assert first["geometry"]["type"] == "MultiPolygon"
    assert first["geometry"]["coordinates"][0][0][2] == [116.2, 35.12346]
    assert len(second["geometry"]["coordinates"]) == 2
    assert read_boundary(json.dumps(first["geometry"]))[0]["properties"] == {"name": ""}


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("{", "file", "not JSON"),
        ("[]", "file", "must be GeoJSON"),
        (collection(), "file", "no polygon"),
        (collection(area([116, 35], "Point")), "features.0", "must be a Polygon"),
        (collection(area([RING]), None), "features.1", "must be a Polygon"),
        (collection(area([RING[:3]])), "features.0.geometry", "four positions"),
        (collection(area([[*RING[:3], [1, 1]]])), "features.0.geometry", "ends where it began"),
        (collection(area([[[396000, 3900000]] * 4])), "features.0.geometry", "projected"),
        (collection(area([[["a", "b"]] * 4])), "features.0.geometry", "could not convert"),
        (collection(area(7)), "features.0.geometry", "not iterable"),
        (collection(area([])), "features.0.geometry", "no ring"),
        (collection(area([RING + RING[1:] * 40_000])), "file", "simplify"),
    ],
)
def test_what_cannot_be_drawn_is_named(text: str, place: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        read_boundary(text)
    assert [where for where, _ in refused.value.problems] == [place] or refused.value.place == place
    assert why in str(refused.value)
