"""The inputs that a scheme may ask for: each kind of field, and which values it takes."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Labels(Part):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def as_json(self) -> dict[str, str]:
        """As a reckoning shows them; each has a dozen."""
        return {"zh": self.zh, "en": self.en}


class DateField(Part):
    """A date; `nullable` lets the sender say "not known", which differs from forgetting it."""

    type: Literal["date"]
    name: str
    required: bool = True
    nullable: bool = False
    not_after: str | None = None


class Step(Part):
    """What a count is worth up to and including `up_to`; the last step has no end."""

    up_to: int | None = Field(default=None, ge=0)
    points: Decimal = Field(ge=0)


class CountField(Part):
    """A whole number from 0; where it is added up, `points` say what it is worth (else itself)."""

    type: Literal["count"]
    name: str
    required: bool = True
    max: int | None = Field(default=None, ge=1)
    points: tuple[Step, ...] = ()


class NumberField(Part):
    """A number from `min` to `max`, or one of `allowed_values`.

    `not_allowed`: whether another value is refused, or is the result (`value_not_allowed`), as in a scheme
    whose forms come from elsewhere and have to be answered one by one.
    """

    type: Literal["number"]
    name: str
    min: Decimal = Decimal(0)
    max: Decimal | None = None
    allowed_values: tuple[Decimal, ...] = ()
    not_allowed: Literal["refused", "reported"] = "refused"


class ChoiceField(Part):
    """One of a few words."""

    type: Literal["choice"]
    name: str
    values: tuple[str, ...] = Field(min_length=2)


class FlagField(Part):
    """True or false; false where it is not given."""

    type: Literal["flag"]
    name: str


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


Count = Literal["checked", "not_applicable", "passed", "failed"]


class TallyField(Part):
    """How many items were checked, and what became of them: `{checked, failed}` and the like.

    The others are parts of `checked` and never more than it; `not_applicable` is 0 where it is not given.
    """

    type: Literal["tally"]
    name: str
    counts: tuple[Count, ...] = Field(min_length=2)
    min_checked: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def has_a_whole(self) -> "TallyField":
        if "checked" not in self.counts:
            raise ValueError("checked is needed among the counts")
        return self


Points = Decimal | dict[str, Decimal]
"""Points at any level, or level → points; a level that is not named is not allowed."""


class Severity(Part):
    """A class of violations with the points that its codes have unless they have their own."""

    severity: str = Field(min_length=1)
    labels: Labels
    points: Points


class Code(Part):
    """One violation of the code book."""

    code: str = Field(min_length=1)
    severity: str
    labels: Labels
    points: Points | None = None


class ViolationsField(Part):
    """Violations found: `[{code, level, points}]`, each code once; `points` may be left to the table."""

    type: Literal["violations"]
    name: str
    levels: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = Field(min_length=1)
    codes: tuple[Code, ...] = Field(min_length=1)

    def points(self, code: Code) -> Points:
        """The points of a code: its own, else those of its severity."""
        if code.points is not None:
            return code.points
        return next(one.points for one in self.severities if one.severity == code.severity)


class CodesField(Part):
    """Codes picked from those of a violations input; none where it is not given."""

    type: Literal["codes"]
    name: str
    of: str


InputField = Annotated[
    DateField
    | CountField
    | NumberField
    | ChoiceField
    | FlagField
    | SectionsField
    | VisitsField
    | TallyField
    | ViolationsField
    | CodesField,
    Field(discriminator="type"),
]


class Inputs(Part):
    """`as_of` names the date that time limits are measured against; a scheme without limits needs none."""

    as_of: str | None = None
    fields: tuple[InputField, ...] = Field(min_length=1)
