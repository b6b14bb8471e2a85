"""A school's day: which part of it an hour belongs to, and how often what is seen in each part."""

from bisect import bisect_right
from typing import NamedTuple

DAY_SECONDS = 86_400.0

_PARTS: tuple[tuple[float, str], ...] = (
    (0.0, "night"),
    (6.2, "morning"),
    (7.0, "arrival"),
    (8.0, "lessons"),
    (11.6, "lunch"),
    (13.4, "lessons"),
    (16.5, "dismissal"),
    (18.0, "evening"),
    (21.8, "night"),
)
_STARTS = [start * 3600 for start, _ in _PARTS]


def part_of_day(second: float) -> str:
    """The part a second of the day is in: night, morning, arrival, lessons, lunch, dismissal, evening."""
    return _PARTS[bisect_right(_STARTS, second % DAY_SECONDS) - 1][1]


class Sight(NamedTuple):
    """Something seen again and again.

    `per_minute` maps a part of the day to the mean number a minute in a school of 500 pupils (0 where it
    is missing); `seconds` is how long it lasts, (0, 0) for a moment without an end.
    """

    kind: str
    role: str
    zones: tuple[str, ...]
    seconds: tuple[float, float]
    per_minute: dict[str, float]


SIGHTS: tuple[Sight, ...] = (
    Sight(
        "person",
        "camera",
        ("gate",),
        (4, 20),
        {
            "night": 0.004,
            "morning": 0.3,
            "arrival": 2.5,
            "lessons": 0.15,
            "lunch": 0.5,
            "dismissal": 2.5,
            "evening": 0.2,
        },
    ),
    Sight(
        "vehicle",
        "camera",
        ("gate",),
        (6, 40),
        {
            "night": 0.003,
            "morning": 0.2,
            "arrival": 1.0,
            "lessons": 0.08,
            "lunch": 0.2,
            "dismissal": 1.2,
            "evening": 0.1,
        },
    ),
    Sight(
        "line_crossing",
        "camera",
        ("gate",),
        (0, 0),
        {"morning": 0.2, "arrival": 1.5, "lessons": 0.05, "lunch": 0.3, "dismissal": 1.5, "evening": 0.1},
    ),
    Sight(
        "motion",
        "camera",
        ("corridor", "playground", "perimeter"),
        (3, 25),
        {
            "night": 0.01,
            "morning": 0.2,
            "arrival": 0.6,
            "lessons": 0.5,
            "lunch": 0.9,
            "dismissal": 0.6,
            "evening": 0.2,
        },
    ),
    Sight(
        "person",
        "camera",
        ("corridor", "playground"),
        (5, 40),
        {
            "night": 0.002,
            "morning": 0.1,
            "arrival": 0.4,
            "lessons": 0.4,
            "lunch": 0.6,
            "dismissal": 0.3,
            "evening": 0.1,
        },
    ),
    Sight("crowd", "camera", ("gate",), (40, 150), {"arrival": 0.004, "dismissal": 0.006}),
    Sight("illegal_parking", "camera", ("gate",), (60, 240), {"arrival": 0.01, "dismissal": 0.015}),
    Sight("loitering", "camera", ("gate", "perimeter"), (30, 120), {"lessons": 0.001, "evening": 0.002}),
    Sight(
        "door_open",
        "door_contact",
        # not the exam store: opening that one is an alert
        ("laboratory", "cold_store"),
        (4, 30),
        {"night": 0.001, "morning": 0.1, "arrival": 0.1, "lessons": 0.12, "lunch": 0.25, "dismissal": 0.05},
    ),
    Sight(
        "no_mask", "kitchen_ai", ("kitchen",), (5, 40), {"morning": 0.01, "lessons": 0.004, "lunch": 0.012}
    ),
    Sight(
        "no_chef_hat",
        "kitchen_ai",
        ("kitchen",),
        (5, 40),
        {"morning": 0.008, "lessons": 0.004, "lunch": 0.01},
    ),
    Sight(
        "phone_use", "kitchen_ai", ("kitchen",), (4, 15), {"morning": 0.002, "lessons": 0.002, "lunch": 0.003}
    ),
    Sight("bin_uncovered", "kitchen_ai", ("kitchen",), (20, 90), {"lunch": 0.006, "evening": 0.002}),
)
