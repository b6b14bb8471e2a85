"""When the publication of a penalty may be ended: classes, periods and conditions as data, judged here."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.numbers import add_months


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Labels(_Part):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class PenaltyKind(_Part):
    """`beyond_warning`: heavier than a warning, so that it takes the grade; `listing`: being on a list."""

    id: str
    labels: Labels
    beyond_warning: bool
    listing: bool = False


class Subject(_Part):
    """The field of the violation."""

    id: str
    labels: Labels


class Condition(_Part):
    """What must hold for a repair; `check`: what the record itself can contradict."""

    id: str
    labels: Labels
    check: Literal["no_repeat", "not_listed"] | None = None


class When(_Part):
    """All that is given must hold. A fine of unknown amount is not a small one."""

    kind: tuple[str, ...] | None = None
    subject: tuple[str, ...] | None = None
    amount_at_most: Decimal | None = Field(default=None, ge=0)


class RepairClass(_Part):
    """Months are counted from the publication; `ends_after_months`: then it ends without an application."""

    id: str
    labels: Labels
    when: tuple[When, ...] = Field(min_length=1)
    repair_after_months: int = Field(ge=0, le=600)
    ends_after_months: int | None = Field(default=None, ge=0, le=600)
    conditions: tuple[str, ...]


class CreditRepair(_Part):
    """The whole file. Every penalty falls into one class: the last one holds for everything."""

    kinds: tuple[PenaltyKind, ...]
    subjects: tuple[Subject, ...]
    conditions: tuple[Condition, ...]
    classes: tuple[RepairClass, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> "CreditRepair":
        groups = (self.kinds, self.subjects, self.conditions, self.classes)
        kinds, subjects, conditions, classes = ([part.id for part in group] for group in groups)
        for ids in (kinds, subjects, conditions, classes):
            if len(set(ids)) < len(ids):
                raise ValueError(f"an id is given twice among {', '.join(ids)}")
        for one in self.classes:
            unknown = set(one.conditions) - set(conditions)
            for when in one.when:
                unknown |= set(when.kind or ()) - set(kinds) | set(when.subject or ()) - set(subjects)
            if unknown:
                raise ValueError(f"class {one.id} names {', '.join(sorted(unknown))}, which is not there")
        if When() not in self.classes[-1].when:
            raise ValueError("the last class must hold for everything: when: [{}]")
        return self

    def kind(self, kind: str) -> PenaltyKind:
        """Raises Refused for one that is not in the file."""
        found = next((one for one in self.kinds if one.id == kind), None)
        if found is None:
            known = ", ".join(one.id for one in self.kinds)
            raise Refused(f'"{kind}" is not a kind of penalty (kinds: {known})', place="kind")
        return found

    def subject(self, subject: str) -> Subject:
        found = next((one for one in self.subjects if one.id == subject), None)
        if found is None:
            known = ", ".join(one.id for one in self.subjects)
            raise Refused(f'"{subject}" is not a field (fields: {known})', place="subject")
        return found


class PenaltyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A penalty as far as its repair depends on it; `amount` in yuan."""

    id: int
    kind: str
    subject: str
    amount: Decimal | None = None
    decided_on: date
    published_on: date | None = None
    repaired_on: date | None = None


class Outlook(msgspec.Struct, frozen=True):
    """The class of a penalty and its days, both None as long as it is not published.

    `contradicted`: conditions of the class that the record says do not hold.
    """

    repair_class: RepairClass
    repairable_on: date | None
    ends_on: date | None
    conditions: tuple[Condition, ...]
    contradicted: tuple[Condition, ...]


def outlook(rules: CreditRepair, penalty: PenaltyFacts, others: Sequence[PenaltyFacts], day: date) -> Outlook:
    """What a day knows of the repair of a penalty; `others` are all penalties of the same cafeteria."""
    chosen = class_of(rules, penalty)
    conditions = tuple(one for one in rules.conditions if one.id in chosen.conditions)
    broken = {
        "no_repeat": any(_repeats(rules, penalty, other) for other in others if other.id != penalty.id),
        "not_listed": any(_is_listed(rules, other, day) for other in others if other.id != penalty.id),
    }
    return Outlook(
        repair_class=chosen,
        repairable_on=_after(penalty.published_on, chosen.repair_after_months),
        ends_on=_after(penalty.published_on, chosen.ends_after_months),
        conditions=conditions,
        contradicted=tuple(one for one in conditions if one.check and broken[one.check]),
    )


def class_of(rules: CreditRepair, penalty: PenaltyFacts) -> RepairClass:
    """The first class that holds."""
    return next(one for one in rules.classes if any(_holds(when, penalty) for when in one.when))


def check_repairable(now: Outlook, claimed: Sequence[str], day: date) -> None:
    """Raises Refused before its day, and with every condition that is not claimed or does not hold."""
    check_day(now, day)
    known = [one.id for one in now.conditions]
    problems = [
        ("conditions", f"{one.id} is not claimed: {one.labels.zh} / {one.labels.en}")
        for one in now.conditions
        if one.id not in claimed
    ]
    problems += [
        (f"conditions[{index}]", f'"{name}" is not a condition here (conditions: {", ".join(known)})')
        for index, name in enumerate(claimed)
        if name not in known
    ]
    problems += [
        ("conditions", f"{one.id} does not hold by the record: {one.labels.zh} / {one.labels.en}")
        for one in now.contradicted
    ]
    if problems:
        raise Refused(problems[0][1], place=problems[0][0], problems=problems, slug="repair-conditions")


def check_day(now: Outlook, day: date) -> None:
    """Never before its day, whoever asks."""
    if now.repairable_on is None:
        raise Refused("the penalty is not published; there is nothing to end", slug="repair-too-early")
    if day < now.repairable_on:
        raise Refused(f"not before {now.repairable_on} (today is {day})", slug="repair-too-early")


def _after(published_on: date | None, months: int | None) -> date | None:
    return None if published_on is None or months is None else add_months(published_on, months)


def _holds(when: When, penalty: PenaltyFacts) -> bool:
    if when.kind is not None and penalty.kind not in when.kind:
        return False
    if when.subject is not None and penalty.subject not in when.subject:
        return False
    if when.amount_at_most is None:
        return True
    return penalty.amount is not None and penalty.amount <= when.amount_at_most


def _repeats(rules: CreditRepair, penalty: PenaltyFacts, other: PenaltyFacts) -> bool:
    # A listing follows a violation, it is none of its own.
    later = other.decided_on > penalty.decided_on and other.kind not in _listings(rules)
    return later and other.subject == penalty.subject


def is_published(rules: CreditRepair, penalty: PenaltyFacts, day: date) -> bool:
    """Whether a penalty stands published on a day: not repaired, and its time not over."""
    if penalty.published_on is None or penalty.published_on > day or penalty.repaired_on is not None:
        return False
    return not _is_over(rules, penalty, day)


def on_severe_list(rules: CreditRepair, penalties: Sequence[PenaltyFacts], day: date) -> bool:
    """Whether any of the penalties of a cafeteria is a listing that still holds."""
    return any(_is_listed(rules, one, day) for one in penalties)


def _is_listed(rules: CreditRepair, other: PenaltyFacts, day: date) -> bool:
    if other.kind not in _listings(rules) or other.repaired_on is not None:
        return False
    return not _is_over(rules, other, day)


def _is_over(rules: CreditRepair, penalty: PenaltyFacts, day: date) -> bool:
    ends_on = _after(penalty.published_on, class_of(rules, penalty).ends_after_months)
    return ends_on is not None and day >= ends_on


def _listings(rules: CreditRepair) -> frozenset[str]:
    return frozenset(one.id for one in rules.kinds if one.listing)
