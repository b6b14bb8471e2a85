"""What each measure is told: from which inputs, and how it rounds."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from safety_service.domain.scoring.fields import Part


class Rounding(Part):
    """Half-up to `places`; `shown_only` leaves the bands to the exact fraction."""

    places: int = Field(ge=0, le=6)
    mode: Literal["half_up"]
    stage: Literal["before_band", "shown_only"]


class Sum(Part):
    """The sum of inputs; `subtotals` names parts of it. Its facts: each subtotal, `max_component`."""

    op: Literal["sum"]
    of: tuple[str, ...] = Field(min_length=1)
    subtotals: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    rounding: Rounding | None = None


class StartMinusSum(Part):
    """`start` less the sum of inputs, not below `least`."""

    op: Literal["start_minus_sum"]
    start: Decimal = Field(gt=0)
    least: Decimal | None = None
    of: tuple[str, ...] = Field(min_length=1)
    subtotals: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    rounding: Rounding | None = None


class MeanOfSections(Part):
    """Total of the sections checked, over how many were checked. `key`: the count of failed key items."""

    op: Literal["mean_of_sections"]
    of: str
    key: str | None = None
    absent_section: Literal["drop"]
    rounding: Rounding


class Worst(Part):
    """The worst section that was checked: the lowest, or the highest where lower is better."""

    op: Literal["worst"]
    of: str
    rounding: Rounding | None = None


class PassRate(Part):
    """Passed / (checked - not applicable) of the tally `of`, in percent. Its facts: `rate`, `key_failed`."""

    op: Literal["pass_rate"]
    of: str
    key: str
    rounding: Rounding


class WindowMean(Part):
    """Plain mean of the scored visits after as_of − `window_months` (exclusive), up to as_of (inclusive)."""

    op: Literal["window_mean"]
    of: str
    window_months: int = Field(ge=1)
    ungraded: Literal["include_score"]
    rounding: Rounding


class WeightedMean(Part):
    """Mean of the scored visits up to as_of, each weighing 2^(-age in days / `half_life_days`)."""

    op: Literal["weighted_mean"]
    of: str
    half_life_days: int = Field(ge=1)
    window_months: int | None = Field(default=None, ge=1)
    rounding: Rounding


Measure = Annotated[
    Sum | StartMinusSum | MeanOfSections | Worst | PassRate | WindowMean | WeightedMean,
    Field(discriminator="op"),
]
