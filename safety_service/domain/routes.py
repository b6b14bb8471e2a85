"""The order in which an inspector drives to the places of a day: short, if not proven to be the shortest."""

import math
from collections.abc import Sequence

import msgspec

EARTH_KM = 6371.0088
_LEAST_GAIN_KM = 1e-9


class Point(msgspec.Struct, frozen=True):
    """Degrees, WGS 84."""

    latitude: float
    longitude: float


class Leg(msgspec.Struct, frozen=True):
    """A stop by its index in what was given, and how far it is from the one before (0 for a first stop)."""

    stop: int
    km: float


def distance_km(one: Point, other: Point) -> float:
    """Along a great circle, as the crow flies."""
    north, east = (
        math.radians(other.latitude - one.latitude) / 2,
        math.radians(other.longitude - one.longitude) / 2,
    )
    chord = (
        math.sin(north) ** 2
        + math.cos(math.radians(one.latitude)) * math.cos(math.radians(other.latitude)) * math.sin(east) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(chord)))


def order_stops(stops: Sequence[Point], start: Point | None = None) -> list[Leg]:
    """Every stop once: from `start`, else from the first stop given; the way does not lead back.

    Nearest neighbour, then 2-opt until no exchange of two legs shortens the way. The same stops in the same
    order give the same way; places that are equally near are taken in the order given.
    """
    if not stops:
        return []
    points = [start if start is not None else stops[0], *(stops if start is not None else stops[1:])]
    table = [[distance_km(one, other) for other in points] for one in points]
    way = _untangle(table, _nearest_neighbour(table))
    offset = -1 if start is not None else 0
    legs = [Leg(way[n] + offset, table[way[n - 1]][way[n]]) for n in range(1, len(way))]
    return legs if start is not None else [Leg(0, 0.0), *legs]


def _nearest_neighbour(table: Sequence[Sequence[float]]) -> list[int]:
    way, left = [0], set(range(1, len(table)))
    while left:
        here = table[way[-1]]
        nearest = min(left, key=lambda stop: (here[stop], stop))
        way.append(nearest)
        left.remove(nearest)
    return way


def _untangle(table: Sequence[Sequence[float]], way: list[int]) -> list[int]:
    """2-opt on a way with a fixed beginning and an open end."""
    better = True
    while better:
        better = False
        for first in range(1, len(way) - 1):
            for last in range(first + 1, len(way)):
                if _gain(table, way, first, last) > _LEAST_GAIN_KM:
                    way[first : last + 1] = reversed(way[first : last + 1])
                    better = True
    return way


def _gain(table: Sequence[Sequence[float]], way: Sequence[int], first: int, last: int) -> float:
    """What is saved by driving the stretch from `first` to `last` the other way round."""
    before, begin, end = way[first - 1], way[first], way[last]
    gain = table[before][begin] - table[before][end]
    if last + 1 < len(way):
        after = way[last + 1]
        gain += table[end][after] - table[begin][after]
    return gain
