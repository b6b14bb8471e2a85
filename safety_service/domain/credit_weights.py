"""What makes up the credit index and how much each thing costs: the county's file, held to its own rules."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

FULL = Decimal(100)
Points = Annotated[Decimal, Field(ge=0, le=FULL, max_digits=6, decimal_places=4)]
Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=6, decimal_places=4)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Part):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Visits(_Part):
    """The mean of the scores, each with its decay; a visit with the score `full` costs nothing."""

    source: Literal["inspections"]
    scheme: str
    full: Decimal = Field(gt=0)


class AlertCost(_Part):
    """All that is given must hold; the first that holds for an alert says what it costs."""

    kinds: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    points: Points

    @model_validator(mode="after")
    def _names_something(self) -> "AlertCost":
        if not self.kinds and not self.rules:
            raise ValueError("name kinds or rules: not every alert is one of a cafeteria")
        return self


class Alerts(_Part):
    """Alerts of the cafeteria's rooms. What people called no real one (`not_counted`) costs nothing.

    `unconfirmed`: the share that an alert costs of which nobody has said that it was real. `most_per_day`:
    of one rule and kind so many a day count.
    """

    source: Literal["alerts"]
    zones: tuple[str, ...] = Field(min_length=1)
    costs: tuple[AlertCost, ...] = Field(min_length=1)
    unconfirmed: Share
    not_counted: tuple[str, ...] = ("false_alarm", "drill", "test", "duplicate")
    most_per_day: int | None = Field(default=None, ge=1)


class Duties(_Part):
    """What a missed duty costs, by the duty's id."""

    source: Literal["duties"]
    costs: dict[str, Points] = Field(min_length=1)


class Rectifications(_Part):
    """What one costs while it is open, while it is overdue, and once it was done too late; in time: nothing.

    `key_times`: how much more a key item costs.
    """

    source: Literal["rectifications"]
    open: Points
    overdue: Points
    done_late: Points
    key_times: Decimal = Field(default=Decimal(1), ge=1, le=100)


Source = Annotated[Visits | Alerts | Duties | Rectifications, Field(discriminator="source")]


class Component(_Part):
    """A part of the index: `weight` points of a hundred, at most so much can be lost by it.

    `required`: without it there is no index. Facts older than `window_days` are left out.
    """

    id: str = Field(pattern=r"[a-z][a-z_]{0,39}")
    title: Title
    weight: Decimal = Field(gt=0, le=FULL, max_digits=5, decimal_places=2)
    required: bool = False
    half_life_days: int = Field(ge=1, le=3650)
    window_days: int = Field(ge=1, le=3650)
    reads: Source


class CreditWeights(_Part):
    """The whole file. `version` stands beside every stored index: an old one is never reckoned anew."""

    version: str = Field(min_length=1, max_length=40)
    title: Title
    components: tuple[Component, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> "CreditWeights":
        ids = [one.id for one in self.components]
        if len(set(ids)) < len(ids):
            raise ValueError(f"an id is given twice among {', '.join(ids)}")
        total = sum((one.weight for one in self.components), Decimal(0))
        if total != FULL:
            raise ValueError(f"the weights add up to {total}, not to {FULL}")
        return self
