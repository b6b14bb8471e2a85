"""The shape of a scheme file: what loads can be scored, and every score finds exactly one verdict."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from safety_service.domain.scoring.fields import InputField, Inputs, Labels, Part
from safety_service.domain.scoring.measure_params import Measure

MEASURED = "measured"
"""The name by which an override speaks of the measure's own value."""

TESTS = ("within_months", "at_or_above", "above", "at_or_below", "below", "equals")


class When(Part):
    """One fact and one test on it: a date less than so many months ago, a number against a limit, a word."""

    fact: str
    within_months: int | None = Field(default=None, ge=1)
    at_or_above: Decimal | None = None
    above: Decimal | None = None
    at_or_below: Decimal | None = None
    below: Decimal | None = None
    equals: str | None = None

    @model_validator(mode="after")
    def one_test(self) -> "When":
        if sum(getattr(self, test) is not None for test in TESTS) != 1:
            raise ValueError(f"exactly one of {', '.join(TESTS)} is needed")
        return self


_EFFECT_NEEDS = {
    "no_grade": "score",
    "set": "grade",
    "cap": "grade",
    "floor": "grade",
    "add_points": "points",
}


class Override(Part):
    """What a fact does to the grade, whatever the bands say.

    `no_grade` takes it away: `score: withheld` where the visit is not rated at all, `kept` where it was.
    `set` gives `grade`, `cap` nothing better than it, `floor` nothing worse. `add_points` (with a sign) comes
    before the bands; all of those that hold count, of the others the first that holds.
    """

    when: When
    effect: Literal["no_grade", "set", "cap", "floor", "add_points"]
    score: Literal["kept", "withheld"] | None = None
    grade: str | None = None
    points: Decimal | None = None
    withdraws_sign: bool = False
    reason: str = Field(min_length=1)
    labels: Labels

    @model_validator(mode="after")
    def what_the_effect_needs(self) -> "Override":
        wanted = _EFFECT_NEEDS[self.effect]
        if getattr(self, wanted) is None:
            raise ValueError(f"{self.effect} needs {wanted}")
        for other in {"score", "grade", "points"} - {wanted}:
            if getattr(self, other) is not None:
                raise ValueError(f"{self.effect} has no {other}")
        return self


class NextVisit(Part):
    """How often a place with this grade is visited; without `max_per_year` at least so often."""

    min_per_year: int | None = Field(default=None, ge=1)
    max_per_year: int | None = Field(default=None, ge=1)
    within_days: int | None = Field(default=None, ge=1)


class Band(Part):
    """A grade and its limits, all of which must hold; an edge that is not given is open.

    `max_component`, `max_key_failed` and `min_rate` look at a fact of the measure beside its value.
    """

    grade: str = Field(min_length=1)
    labels: Labels
    min: Decimal | None = None
    max: Decimal | None = None
    min_incl: bool = True
    max_incl: bool = True
    max_component: Decimal | None = None
    max_key_failed: int | None = Field(default=None, ge=0)
    min_rate: Decimal | None = None
    icon: str | None = None
    letter: str | None = None
    next_visit: NextVisit | None = None


class VisitType(Part):
    """What a kind of visit can give: a grade (`yes`), only the best one (`if_best`), or none (`no`).

    Without a grade: `reason` says so, and `leads_to` is the visit that follows, after `min_gap_days` or more.
    """

    visit: str
    graded: Literal["yes", "if_best", "no"]
    leads_to: str | None = None
    min_gap_days: int | None = Field(default=None, ge=1)
    reason: str | None = None
    labels: Labels | None = None

    @model_validator(mode="after")
    def says_why(self) -> "VisitType":
        if self.graded != "yes" and (self.reason is None or self.labels is None):
            raise ValueError("a visit that may end without a grade needs reason and labels")
        return self


class VisitTypes(Part):
    input: str
    types: tuple[VisitType, ...] = Field(min_length=1)


class Hearing(Part):
    """Violations that a hearing dismissed do not count; `dismissed` names the input with their codes."""

    dismissed: str
    reason: str = Field(min_length=1)
    labels: Labels


class Adjust(Part):
    """From this year's grade to the next one: `raise_input` levels towards the worst, `lower_input` back.

    `raise_blocks_lower`: where both are given only the raise counts. `floor`: neither year is better than it.
    """

    raise_input: str
    lower_input: str
    precedence: Literal["raise_blocks_lower", "both"]
    floor: str | None = None


class Item(Part):
    """One line of the checklist; `section` counts from 1 and is absent outside the grade."""

    code: str = Field(min_length=1)
    section: int | None = Field(default=None, ge=1)
    key: bool
    points: Decimal = Field(default=Decimal(1), gt=0)
    labels: Labels


class OutsideGrade(Part):
    """Items that an inspector may record beside the grade; they never move it."""

    labels: Labels
    source_ref: str
    items: tuple[Item, ...]


class Checklist(Part):
    """The form whose items make the inputs: section scores, or tallies of key and general items.

    A section scores maximum × points passed / points present. Into tallies an item counts once, and those not
    answered were not checked.
    """

    source_ref: str
    sections: tuple[Labels, ...]
    absent_item: Literal["rescale", "not_applicable"]
    sections_input: str | None = None
    key_failed_input: str | None = None
    key_tally: str | None = None
    general_tally: str | None = None
    items: tuple[Item, ...]
    outside_grade: OutsideGrade | None = None

    @model_validator(mode="after")
    def one_way(self) -> "Checklist":
        ways = {
            "rescale": (self.sections_input, self.key_failed_input),
            "not_applicable": (self.key_tally, self.general_tally),
        }
        given = sum(name is not None for way in ways.values() for name in way)
        if given != 2 or None in ways[self.absent_item]:
            raise ValueError(
                "rescale needs sections_input and key_failed_input; "
                "not_applicable needs key_tally and general_tally"
            )
        return self

    def all_items(self) -> tuple[Item, ...]:
        return self.items + (self.outside_grade.items if self.outside_grade else ())

    def decides(self) -> tuple[str, ...]:
        """The inputs that come from the items."""
        names = (self.sections_input, self.key_failed_input, self.key_tally, self.general_tally)
        return tuple(name for name in names if name is not None)


SOURCES = (
    "value",
    "count",
    "grade",
    "icon",
    "letter",
    "label_zh",
    "label_en",
    "reason",
    "status",
    "adjudicated",
    "next_visit_not_before",
    "next_grade",
    "visits_per_year",
    "valid",
    "error",
    "component",
)
"""What a scheme can put out under a name of its own, beside the facts of its measure."""


class OutputOf(Part):
    """A source that is written as a whole number where it is one."""

    of: str
    as_: Literal["text", "integer"] = Field(alias="as")


class Scheme(Part):
    """A published way of scoring, as data. `bands` are best first; of `overrides` the first hit wins.

    `on_sign`: its grade is the one on the cafeteria's sign. Visits under other schemes are kept beside it.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$")
    version: str = Field(min_length=1)
    title: Labels
    authority: Labels
    source_ref: str
    effective_from: date
    effective_to: date | None = None
    direction: Literal["higher_is_better", "lower_is_better"]
    scores: Literal["visit", "year"] = "visit"
    on_sign: bool = False
    inputs: Inputs
    measure: Measure
    bands: tuple[Band, ...] = Field(min_length=1)
    overrides: tuple[Override, ...] = ()
    visit_types: VisitTypes | None = None
    hearing: Hearing | None = None
    adjust: Adjust | None = None
    outputs: dict[str, str | OutputOf]
    checklist: Checklist | None = None
    aggregate: str | None = None

    def field(self, name: str | None) -> InputField | None:
        return next((field for field in self.inputs.fields if field.name == name), None)

    def rank(self, grade: str | None) -> int:
        """Best grade = number of bands, worst = 1, no grade = 0: a number that falls when the grade does."""
        grades = [band.grade for band in self.bands]
        return len(grades) - grades.index(grade) if grade in grades else 0
