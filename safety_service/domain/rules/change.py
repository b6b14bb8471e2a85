"""Rule kind `change`: a value fell or rose by so much from the previous one of the same key."""

from datetime import datetime
from math import isfinite
from typing import Any, Literal

import msgspec
from pydantic import Field, model_validator

from safety_service.domain.rules.comparing import Number
from safety_service.domain.rules.matching import named, unmeasured
from safety_service.domain.rules.model import Rule, SeverityName, Strict
from safety_service.domain.rules.plan import Deafness, Key, Plan, RuleKind, Step
from safety_service.domain.types import SEVERITY_RANK, Event, Severity

Direction = Literal["falls", "rises"]
# 0.3 - 0.2 is a little less than 0.1 in binary: a fall by exactly the limit must count.
ROUNDING = 1e-9


class Level(Strict):
    """One of the two, above zero."""

    severity: SeverityName
    falls_by: Number | None = Field(default=None, gt=0)
    rises_by: Number | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_of_two(self) -> "Level":
        if (self.falls_by is None) == (self.rises_by is None):
            raise ValueError("needs either falls_by or rises_by")
        return self


class Params(Strict):
    levels: list[Level] = Field(alias="raise", min_length=1)


class ChangeState(msgspec.Struct, tag="change", forbid_unknown_fields=True, omit_defaults=True):
    """The last value with its event time; while firing, the value it came from and which way it went."""

    value: float
    at: datetime
    severity: Severity | None = None
    origin: float | None = None
    direction: Direction | None = None


def prepare(_rule: Rule) -> None:
    return None


def observe(plan: Plan, state: ChangeState | None, event: Event, now: datetime) -> Step | None:
    value = event.value
    if value is None or not isfinite(value) or not plan.matches(event):
        return None
    repeated = event.retained or event.phase == "state"
    if repeated and event.clock_suspect:
        return None
    if state is None:
        return Step(ChangeState(value=value, at=event.occurred_at))
    if event.occurred_at < state.at or (repeated and event.occurred_at == state.at):
        return None
    before = state.value
    state.value, state.at = value, event.occurred_at
    if state.severity is not None and _is_back(state, value):
        return _resolve(plan, state, event, now, before)
    found = _reached(plan.params, before, value)
    if found is None or not (state.severity is not None or plan.admits(event)):
        return Step(state)
    severity, direction = found
    edge = state.severity is None
    if state.severity is None:
        state.origin, state.direction = before, direction
    elif SEVERITY_RANK[state.severity] > SEVERITY_RANK[severity]:
        severity = state.severity
    state.severity = severity
    detail = {"from": before, "to": value}
    return Step(
        state,
        plan.finding(plan.key_of(event), "firing", severity, now, edge=edge, event=event, detail=detail),
    )


def _is_back(state: ChangeState, value: float) -> bool:
    origin = state.origin if state.origin is not None else state.value
    return value >= origin - ROUNDING if state.direction == "falls" else value <= origin + ROUNDING


def _resolve(plan: Plan, state: ChangeState, event: Event, now: datetime, before: float) -> Step:
    severity = state.severity or plan.params.levels[0].severity
    state.severity = state.origin = state.direction = None
    detail = {"from": before, "to": state.value}
    return Step(
        state, plan.finding(plan.key_of(event), "resolved", severity, now, event=event, detail=detail)
    )


def _reached(params: Params, before: float, value: float) -> tuple[Severity, Direction] | None:
    """The gravest level that this step reaches, and its direction."""
    reached: list[tuple[Severity, Direction]] = []
    for level in params.levels:
        if level.falls_by is not None and before - value >= level.falls_by - ROUNDING:
            reached.append((level.severity, "falls"))
        if level.rises_by is not None and value - before >= level.rises_by - ROUNDING:
            reached.append((level.severity, "rises"))
    return max(reached, key=lambda one: SEVERITY_RANK[one[0]], default=None)


def fire(_plan: Plan, state: ChangeState, _key: Key, _at: datetime) -> Step:
    return Step(state, changed=False)


def due(_plan: Plan, _state: ChangeState, _key: Key) -> datetime | None:
    return None


def deafen(_plan: Plan, _state: ChangeState, _deaf: Deafness) -> bool:
    return False


def check(match: dict[str, Any], _params: Params) -> tuple[list[Any], list[Any]]:
    warnings: list[Any] = []
    if "kind" not in match:
        warnings.append((("match",), "compares numbers of every kind with each other; name a kind"))
    if named(match, "phase") == ["end"]:
        warnings.append((("match", "phase"), "an end carries no number: this rule can never fire"))
    return [], warnings + unmeasured(match)


KIND = RuleKind(
    params=Params,
    state=ChangeState,
    observe=observe,
    fire=fire,
    due=due,
    deafen=deafen,
    prepare=prepare,
    check=check,
)
