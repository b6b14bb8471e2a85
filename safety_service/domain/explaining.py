"""Why an alert is there: the numbers and times that decided, found in its history and its rule.

A definition is what the rule file says of the rule, as it was written; None where no file has it any more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from safety_service.domain.alerts import SYSTEM
from safety_service.domain.rules.comparing import NAMES, comparison_of
from safety_service.domain.rules.durations import parse_duration
from safety_service.domain.rules.kinds import RULE_KINDS
from safety_service.domain.rules.matching import named
from safety_service.domain.rules.model import full_key
from safety_service.domain.types import Change, Severity, Transition

DECIDING: frozenset[Change] = frozenset({"raised", "severity_raised", "reopened"})
SLACK = timedelta(minutes=10)
"""How much further than the rule looks back, for devices whose clocks or links are late."""
FURTHEST = timedelta(days=1)
AHEAD = timedelta(minutes=1)
"""Clocks of devices that are so little fast are believed: their events can lie after what they decided."""

Definition = Mapping[str, Any]


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """What decided one step; whatever its kind of rule knows nothing of is None.

    threshold: `value` against `limits` (comparison -> number), which had held for `lasting` and so at least
    `since` then. count: `matches` against `at_least` within `window`, of different values of `distinct`.
    absence: `silent_since`, and for how long the rule bears it (`silent_for`). change: `before` and `value`,
    which `falls_by` or `rises_by` limits. together: the kinds of `parts` within `window`. overdue: what is
    `owed`, by its title, was due at `due_at` and had not been done for `late_by`.
    """

    transition: int
    change: Change
    at: datetime
    severity: Severity
    reason: str | None = None
    kind: str | None = None
    value: float | None = None
    unit: str | None = None
    limits: dict[str, float] | None = None
    lasting: timedelta | None = None
    since: datetime | None = None
    matches: int | None = None
    at_least: int | None = None
    distinct: str | None = None
    window: timedelta | None = None
    silent_since: datetime | None = None
    silent_for: timedelta | None = None
    before: float | None = None
    falls_by: float | None = None
    rises_by: float | None = None
    parts: list[str] | None = None
    owed: dict[str, str] | None = None
    due_at: datetime | None = None
    late_by: timedelta | None = None


def decided(step: Transition) -> bool:
    """Whether a rule made this step, and not a person."""
    return step.change in DECIDING and step.actor == SYSTEM


def grounds_of(number: int, step: Transition, definition: Definition | None) -> Grounds:
    """The numbers and times that decided the step of this number."""
    found: dict[str, Any] = {
        "value": _number(step.detail.get("value")),
        "unit": step.detail.get("unit"),
        "reason": step.reason,
    }
    kind = definition.get("kind") if definition is not None else None
    if definition is not None and kind in _READERS:
        found |= _READERS[kind](step, definition)
    return Grounds(
        transition=number, change=step.change, at=step.at, severity=step.severity, kind=kind, **found
    )


def with_unit(grounds: Grounds, readings: Sequence[tuple[float | None, str | None]]) -> Grounds:
    """A step that time alone brought knows the last value and not its unit: it is that of its reading."""
    units = [unit for value, unit in readings if value == grounds.value is not None and unit is not None]
    return msgspec.structs.replace(grounds, unit=units[0]) if units else grounds


def looks_back(grounds: Grounds) -> timedelta:
    """How far before the step the events that decided it can lie, a day at most."""
    spans = [grounds.lasting, grounds.window, grounds.silent_for]
    return min(max([span for span in spans if span is not None], default=timedelta(0)) + SLACK, FURTHEST)


def kinds_behind(definition: Definition | None, kind: str) -> list[str] | None:
    """The kinds of the events behind an alert of this kind; None where any event counts."""
    if definition is None:
        return [kind]
    if definition.get("kind") == "overdue":
        return []
    own = named(definition.get("match") or {}, "kind")
    if definition.get("kind") == "absence" and own is None:
        return None
    parts = _kinds_of_parts(definition) if definition.get("kind") == "together" else []
    return parts or ([str(one) for one in own] if own else [kind])


def key_names(definition: Definition | None) -> list[str]:
    """The names of the parts of the alert's key, in their order."""
    told = definition or {}
    kind = RULE_KINDS.get(told.get("kind", ""))
    return list(full_key(told.get("key"), kind.identity if kind is not None else None))


def _threshold(step: Transition, definition: Definition) -> dict[str, Any]:
    level = _level(step, definition)
    if level is None:
        return {}
    lasting = parse_duration(level.get("for", "0s"))
    return {
        "limits": {name: level[name] for name in NAMES if level.get(name) is not None},
        "lasting": lasting,
        "since": step.at - lasting,
    }


def _level(step: Transition, definition: Definition) -> Mapping[str, Any] | None:
    """The level that gave the severity; of several the one whose comparison holds for the value."""
    levels: list[Mapping[str, Any]] = [
        one for one in definition.get("raise", []) if one.get("severity") == step.severity
    ]
    value = _number(step.detail.get("value"))
    holding = [one for one in levels if value is not None and comparison_of(dict(one)).compiled()(value)]
    return next(iter([*holding, *levels]), None)


def _count(step: Transition, definition: Definition) -> dict[str, Any]:
    levels = [one for one in definition.get("raise", []) if one.get("severity") == step.severity]
    return {
        "matches": step.detail.get("matches"),
        "at_least": levels[0].get("at_least") if levels else None,
        "distinct": definition.get("distinct"),
        "window": parse_duration(definition.get("window", "0s")),
    }


def _absence(step: Transition, definition: Definition) -> dict[str, Any]:
    since = step.detail.get("silent_since")
    return {
        "silent_since": datetime.fromisoformat(since) if since else None,
        "silent_for": parse_duration(definition.get("silent_for", "0s")),
    }


def _change(step: Transition, definition: Definition) -> dict[str, Any]:
    before, after = _number(step.detail.get("from")), _number(step.detail.get("to"))
    if before is None or after is None:
        return {}
    which = "falls_by" if after < before else "rises_by"
    limits = [
        one[which]
        for one in definition.get("raise", [])
        if one.get("severity") == step.severity and one.get(which) is not None
    ]
    return {"before": before, "value": after, which: min(limits, default=None)}


def _together(_step: Transition, definition: Definition) -> dict[str, Any]:
    return {
        "parts": _kinds_of_parts(definition),
        "window": parse_duration(definition.get("within", "0s")),
    }


def _overdue(step: Transition, _definition: Definition) -> dict[str, Any]:
    due_at, late_by = step.detail.get("due_at"), _number(step.detail.get("late_by"))
    if due_at is None or late_by is None:
        return {}
    return {
        "owed": step.detail.get("title"),
        "due_at": datetime.fromisoformat(due_at),
        "late_by": timedelta(seconds=late_by),
    }


def _kinds_of_parts(definition: Definition) -> list[str]:
    kinds = [str(kind) for part in definition.get("all", []) for kind in named(part, "kind") or ()]
    return list(dict.fromkeys(kinds))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


_READERS = {
    "threshold": _threshold,
    "count": _count,
    "absence": _absence,
    "change": _change,
    "together": _together,
    "overdue": _overdue,
}
