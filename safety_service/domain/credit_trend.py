"""Where a cafeteria is going: its annual average of today beside that of a year ago."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from safety_service.domain.scoring.numbers import add_months

STEADY = Decimal("0.3")
"""Smaller changes than this say nothing: one section more or less."""

Direction = Literal["rising", "falling", "steady", "unknown"]


class Trend(msgspec.Struct, frozen=True):
    """`change` is the average of now less that of before; None, and unknown, where either is missing."""

    direction: Direction
    change: Decimal | None
    now: Decimal | None
    before: Decimal | None


def trend(now: str | None, before: str | None) -> Trend:
    """The trend between two annual averages."""
    later = None if now is None else Decimal(now)
    earlier = None if before is None else Decimal(before)
    if later is None or earlier is None:
        return Trend("unknown", None, later, earlier)
    change = later - earlier
    direction: Direction = "steady"
    if change >= STEADY:
        direction = "rising"
    elif change <= -STEADY:
        direction = "falling"
    return Trend(direction, change, later, earlier)


def month_ends(as_of: date, months: int) -> Sequence[date]:
    """The last day of each of the months before, oldest first, and the day itself at the end."""
    first = as_of.replace(day=1)
    return [
        *(date.fromordinal(add_months(first, -back).toordinal() - 1) for back in range(months - 1, -1, -1)),
        as_of,
    ]
