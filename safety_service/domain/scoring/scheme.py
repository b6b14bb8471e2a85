"""The shape of a scheme file: what loads can be scored, and every score finds exactly one verdict."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MEASURED = "measured"
"""The name by which an override speaks of the measure's own rounded value."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Labels(Part):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class DateField(Part):
    """A date; `nullable` lets the sender say "not known", which differs from forgetting it."""

    type: Literal["date"]
    name: str
    required: bool = True
    nullable: bool = False
    not_after: str | None = None


class CountField(Part):
    """A whole number from 0."""

    type: Literal["count"]
    name: str
    required: bool = True


class SectionsField(Part):
    """One number from 0 to `maximum` for each section of the form, in order; null is reasonably absent."""

    type: Literal["sections"]
    name: str
    maximum: Decimal = Field(gt=0)
    labels: tuple[Labels, ...] = Field(min_length=1)


class VisitsField(Part):
    """Past visits: `[{date, score}]`, the score from 0 to `maximum`, or null where none was given."""

    type: Literal["visits"]
    name: str
    maximum: Decimal = Field(gt=0)


InputField = Annotated[DateField | CountField | SectionsField | VisitsField, Field(discriminator="type")]


class Inputs(Part):
    """`as_of` names the date field that every `within_months` is measured against."""

    as_of: str
    fields: tuple[InputField, ...] = Field(min_length=1)


class Rounding(Part):
    places: int = Field(ge=0, le=6)
    mode: Literal["half_up"]
    stage: Literal["before_band"]


class MeanOfSections(Part):
    """Total of the sections checked, divided by how many were checked."""

    op: Literal["mean_of_sections"]
    of: str
    absent_section: Literal["drop"]
    rounding: Rounding


class WindowMean(Part):
    """Plain mean of the scored visits after as_of − `window_months` (exclusive), up to as_of (inclusive)."""

    op: Literal["window_mean"]
    of: str
    window_months: int = Field(ge=1)
    ungraded: Literal["include_score"]
    rounding: Rounding


Measure = Annotated[MeanOfSections | WindowMean, Field(discriminator="op")]


class When(Part):
    """One fact and one test on it: a date less than so many months ago, or a number against a limit."""

    fact: str
    within_months: int | None = Field(default=None, ge=1)
    at_or_above: Decimal | None = None
    below: Decimal | None = None

    @model_validator(mode="after")
    def one_test(self) -> "When":
        if sum(test is not None for test in (self.within_months, self.at_or_above, self.below)) != 1:
            raise ValueError("exactly one of within_months, at_or_above, below is needed")
        return self


class Override(Part):
    """Takes the grade away. `score: withheld` where the visit is not rated at all, `kept` where it was."""

    when: When
    effect: Literal["no_grade"]
    score: Literal["kept", "withheld"]
    withdraws_sign: bool = False
    reason: str = Field(min_length=1)
    labels: Labels


class Band(Part):
    """A grade from `min` to `max`, both included, on the grid of the rounding."""

    grade: str = Field(min_length=1)
    labels: Labels
    min: Decimal
    max: Decimal
    icon: str | None = None
    letter: str | None = None


class Item(Part):
    """One line of the checklist; `section` counts from 1 and is absent outside the grade."""

    code: str = Field(min_length=1)
    section: int | None = Field(default=None, ge=1)
    key: bool
    points: Decimal = Field(gt=0)
    labels: Labels


class OutsideGrade(Part):
    """Items that an inspector may record beside the grade; they never move it."""

    labels: Labels
    source_ref: str
    items: tuple[Item, ...]


class Checklist(Part):
    """The form whose items make the sections: maximum × points passed / points present."""

    source_ref: str
    sections: tuple[Labels, ...]
    absent_item: Literal["rescale"]
    sections_input: str
    key_failed_input: str
    items: tuple[Item, ...]
    outside_grade: OutsideGrade | None = None

    def all_items(self) -> tuple[Item, ...]:
        return self.items + (self.outside_grade.items if self.outside_grade else ())


Output = Literal["value", "count", "grade", "icon", "letter", "reason"]


class Scheme(Part):
    """A published way of scoring, as data. `bands` are best first; of `overrides` the first hit wins."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$")
    version: str = Field(min_length=1)
    title: Labels
    authority: Labels
    source_ref: str
    effective_from: date
    effective_to: date | None = None
    direction: Literal["higher_is_better"]
    inputs: Inputs
    measure: Measure
    bands: tuple[Band, ...] = Field(min_length=1)
    overrides: tuple[Override, ...] = ()
    outputs: dict[str, Output]
    checklist: Checklist | None = None
    aggregate: str | None = None

    def field(self, name: str) -> DateField | CountField | SectionsField | VisitsField | None:
        return next((field for field in self.inputs.fields if field.name == name), None)

    def rank(self, grade: str | None) -> int:
        """Best grade = number of bands, worst = 1, no grade = 0: a number that falls when the grade does."""
        grades = [band.grade for band in self.bands]
        return len(grades) - grades.index(grade) if grade in grades else 0
