"""When a cafeteria is visited next: from its last grade and its risk level, by intervals that are data."""

from datetime import date
from typing import Literal

import msgspec

from safety_service.domain.errors import Refused
from safety_service.domain.rules.yamltree import read_tree
from safety_service.domain.scoring.numbers import add_months

Decider = Literal["never_visited", "no_grade", "grade", "risk_level"]


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next visit is due so many months after the last one."""

    within_months: int

    def __post_init__(self) -> None:
        if not 0 <= self.within_months <= 120:
            raise ValueError("within_months is a number from 0 to 120")


class Planning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The intervals by scheme and grade, and by risk level; `version` names them in every answer."""

    version: str
    grades: dict[str, dict[str, Interval]]
    risk_levels: dict[str, Interval]
    no_grade: Interval
    otherwise: Interval
    never_visited: Interval


class Standing(msgspec.Struct, frozen=True):
    """What a cafeteria's next visit depends on; the last visit's fields are None before the first."""

    visited_on: date | None = None
    scheme: str | None = None
    grade: str | None = None
    risk_level: str | None = None
    licence_issued: date | None = None


class Due(msgspec.Struct, frozen=True):
    """The day of the next visit, what decided it, and why in two languages."""

    on: date
    decided_by: Decider
    why: dict[str, str]


def read_planning(text: str, name: str) -> Planning:
    """The intervals of a YAML file; Refused with the file's name and what is wrong in it."""
    tree = read_tree(text, name)
    try:
        return msgspec.convert(tree.value, Planning)
    except msgspec.ValidationError as error:
        raise Refused(str(error), place=name) from None


def next_due(planning: Planning, standing: Standing, today: date) -> Due:
    """The earliest of the days that grade and risk level ask for."""
    last = standing.visited_on
    if last is None:
        return _first_visit(planning, standing.licence_issued, today)
    found = [_by_grade(planning, standing, last)]
    if standing.risk_level in planning.risk_levels:
        months = planning.risk_levels[standing.risk_level].within_months
        why = {
            "zh": f"风险等级{standing.risk_level}：{months}个月内复查（上次{last}）",
            "en": f"Risk level {standing.risk_level}: again within {months} months of {last}",
        }
        found.append(Due(add_months(last, months), "risk_level", why))
    return min(found, key=lambda due: due.on)


def _by_grade(planning: Planning, standing: Standing, last: date) -> Due:
    if standing.grade is None:
        months = planning.no_grade.within_months
        why = {
            "zh": f"上次（{last}）未评定等级：{months}个月内复查",
            "en": f"The last visit ({last}) gave no grade: again within {months} months",
        }
        return Due(add_months(last, months), "no_grade", why)
    known = planning.grades.get(standing.scheme or "", {})
    months = known.get(standing.grade, planning.otherwise).within_months
    why = {
        "zh": f"等级{standing.grade}：{months}个月内复查（上次{last}）",
        "en": f"Grade {standing.grade}: again within {months} months of {last}",
    }
    return Due(add_months(last, months), "grade", why)


def _first_visit(planning: Planning, licence_issued: date | None, today: date) -> Due:
    if licence_issued is None:
        return Due(today, "never_visited", {"zh": "尚未检查", "en": "Never inspected"})
    months = planning.never_visited.within_months
    why = {
        "zh": f"尚未检查：许可证核发后{months}个月（核发{licence_issued}）",
        "en": f"Never inspected: {months} months after its licence of {licence_issued}",
    }
    return Due(add_months(licence_issued, months), "never_visited", why)
