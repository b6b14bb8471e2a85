"""The red and the black list: criteria as data, and for every cafeteria on one of them each reason."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator

NONE = "none"
WORDS = ("annual_letter", "dynamic_letter", "visited", "sign_withdrawn", "listed")
NUMBERS = (
    "annual_average",
    "score",
    "rectifications_open",
    "rectifications_overdue",
    "key_items_open",
    "penalties_published",
)
Fact = Literal[
    "annual_letter",
    "dynamic_letter",
    "visited",
    "sign_withdrawn",
    "listed",
    "annual_average",
    "score",
    "rectifications_open",
    "rectifications_overdue",
    "key_items_open",
    "penalties_published",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(_Part):
    """`{value}` in it is what the fact is."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Criterion(_Part):
    """One fact held against one limit. A number that is not known is within no limit."""

    fact: Fact
    any_of: tuple[str, ...] | None = Field(default=None, alias="is", min_length=1)
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    reason: Reason

    @model_validator(mode="after")
    def _one_limit(self) -> "Criterion":
        limits = [name for name in ("any_of", "at_least", "at_most") if getattr(self, name) is not None]
        if len(limits) != 1:
            raise ValueError("give one of is, at_least, at_most")
        if (limits == ["any_of"]) != (self.fact in WORDS):
            raise ValueError(f"{self.fact} is a {'word: use is' if self.fact in WORDS else 'number'}")
        return self


class ListCriteria(_Part):
    """The whole file."""

    red: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    black: Annotated[tuple[Criterion, ...], Field(min_length=1)]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the lists look at; letters are those of the bands, None without a grade."""

    visited: bool
    annual_letter: str | None = None
    dynamic_letter: str | None = None
    annual_average: Decimal | None = None
    score: Decimal | None = None
    sign_withdrawn: bool = False
    listed: bool = False
    rectifications_open: int = 0
    rectifications_overdue: int = 0
    key_items_open: int = 0
    penalties_published: int = 0


class Listed(msgspec.Struct, frozen=True):
    """On which list, None for neither; `reasons` are those that put it there."""

    side: Literal["red", "black"] | None
    reasons: list[Mapping[str, str]]


def judge(criteria: ListCriteria, standing: Standing) -> Listed:
    """The black list goes before the red one; a cafeteria that nobody has visited is on neither."""
    if not standing.visited:
        return Listed(None, [])
    black = [_told(one, standing) for one in criteria.black if _holds(one, standing)]
    if black:
        return Listed("black", black)
    if all(_holds(one, standing) for one in criteria.red):
        return Listed("red", [_told(one, standing) for one in criteria.red])
    return Listed(None, [])


def worst_first(standing: Standing) -> tuple[bool, int, Decimal]:
    """The order of the black list: withdrawn signs, then the lowest letters, then the lowest scores."""
    return not standing.sign_withdrawn, _backwards(standing.dynamic_letter), standing.score or Decimal(0)


def best_first(standing: Standing) -> tuple[Decimal, Decimal]:
    """The order of the red list: the highest annual average, then the highest last score."""
    return -(standing.annual_average or Decimal(0)), -(standing.score or Decimal(0))


def _backwards(letter: str | None) -> int:
    return -ord("Z") if letter is None else -ord(letter[0])


def _holds(criterion: Criterion, standing: Standing) -> bool:
    if criterion.any_of is not None:
        return _word(criterion.fact, standing) in criterion.any_of
    number = getattr(standing, criterion.fact)
    if number is None:
        return False
    if criterion.at_least is not None:
        return bool(number >= criterion.at_least)
    return bool(number <= (criterion.at_most or 0))


def _word(fact: str, standing: Standing) -> str:
    value = getattr(standing, fact)
    if isinstance(value, bool):
        return "true" if value else "false"
    return NONE if value is None else str(value)


def _told(criterion: Criterion, standing: Standing) -> Mapping[str, str]:
    value = _word(criterion.fact, standing)
    return {
        "fact": criterion.fact,
        "zh": criterion.reason.zh.replace("{value}", value),
        "en": criterion.reason.en.replace("{value}", value),
    }
