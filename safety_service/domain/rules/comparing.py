"""Comparisons of a number: `above`, `at_or_above`, `below`, `at_or_below`, `equals`; all given must hold."""

from collections.abc import Callable
from math import inf
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
NAMES = ("above", "at_or_above", "below", "at_or_below", "equals")


class Interval(NamedTuple):
    """The numbers a comparison holds for; an edge belongs to it where its flag says so."""

    low: float
    low_included: bool
    high: float
    high_included: bool

    def meets(self, other: "Interval") -> "Interval":
        """The numbers in both."""
        low, low_excluded = max((self.low, not self.low_included), (other.low, not other.low_included))
        high, high_included = min((self.high, self.high_included), (other.high, other.high_included))
        return Interval(low, not low_excluded, high, high_included)

    def is_empty(self) -> bool:
        if self.low == self.high:
            return not (self.low_included and self.high_included)
        return self.low > self.high

    def holds(self, value: float) -> bool:
        above = value > self.low or (self.low_included and value == self.low)
        return above and (value < self.high or (self.high_included and value == self.high))

    def covers(self, other: "Interval") -> bool:
        """Whether every number of the other is in this one."""
        return self.meets(other) == other


EVERYTHING = Interval(-inf, False, inf, False)


class Comparison(BaseModel):
    """At least one comparison, and some number for which all of them hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    above: Number | None = None
    at_or_above: Number | None = None
    below: Number | None = None
    at_or_below: Number | None = None
    equals: Number | None = None

    @model_validator(mode="after")
    def _possible(self) -> "Comparison":
        if all(getattr(self, name) is None for name in NAMES):
            raise ValueError(f"needs a comparison: one of {', '.join(NAMES)}")
        if self.interval().is_empty():
            raise ValueError("no number can satisfy these comparisons together")
        return self

    def interval(self) -> Interval:
        found = EVERYTHING
        if self.above is not None:
            found = found.meets(Interval(self.above, False, inf, False))
        if self.at_or_above is not None:
            found = found.meets(Interval(self.at_or_above, True, inf, False))
        if self.below is not None:
            found = found.meets(Interval(-inf, False, self.below, False))
        if self.at_or_below is not None:
            found = found.meets(Interval(-inf, False, self.at_or_below, True))
        if self.equals is not None:
            found = found.meets(Interval(self.equals, True, self.equals, True))
        return found

    def compiled(self) -> Callable[[float], bool]:
        """The comparison as one function, made once because it runs for every reading."""
        low, low_included, high, high_included = self.interval()
        if high == inf:
            return (lambda value: value >= low) if low_included else (lambda value: value > low)
        if low == -inf:
            return (lambda value: value <= high) if high_included else (lambda value: value < high)
        return self.interval().holds


def comparison_of(fields: dict[str, Any]) -> Comparison:
    """The comparison among other fields of a model."""
    return Comparison(**{name: fields[name] for name in NAMES if fields.get(name) is not None})
