"""Rule kind `threshold`: a measured value holds for a while; severities, hysteresis, keep-firing."""

from datetime import datetime, timedelta
from math import isfinite
from typing import Any

import msgspec
from pydantic import ConfigDict, Field, model_validator

from safety_service.domain.rules.comparing import Comparison
from safety_service.domain.rules.durations import Duration
from safety_service.domain.rules.matching import Matcher, compile_match, interval_of, named, unmeasured
from safety_service.domain.rules.model import Rule, SeverityName, Strict
from safety_service.domain.rules.pending import Pending, hold, move
from safety_service.domain.rules.plan import REMEMBERED_FOR, Deafness, Key, Plan, RuleKind, Step
from safety_service.domain.types import SEVERITY_RANK, Condition, Event, Finding, Severity, Subject

NOTHING = timedelta(0)


class Level(Comparison):
    """A severity, and the comparison that has to hold `for` so long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severity: SeverityName
    lasting: Duration = Field(default=NOTHING, alias="for")


class Clear(Comparison):
    model_config = ConfigDict(extra="forbid", frozen=True)

    lasting: Duration = Field(default=NOTHING, alias="for")


class Params(Strict):
    """`levels` in the order of the file; `raise` is a word of Python's."""

    levels: list[Level] = Field(alias="raise", min_length=1)
    clear: Clear | None = None
    keep_firing_for: Duration = NOTHING

    @model_validator(mode="after")
    def _clear_and_raise_apart(self) -> "Params":
        for level in self.levels:
            if self.clear is not None and not level.interval().meets(self.clear.interval()).is_empty():
                raise ValueError(
                    f"clear overlaps with raise {level.severity}: one value would both raise and clear"
                )
        return self


class ThresholdState(msgspec.Struct, tag="threshold", forbid_unknown_fields=True, omit_defaults=True):
    """`severity` None: not firing. `levels`: what holds, by the rule's levels. Times without `due` are event
    times. `forget_at`: when the memory of the resolve may go."""

    severity: Severity | None = None
    levels: list[Pending | None] = []
    clearing: Pending | None = None
    last_at: datetime | None = None
    value: float = 0.0
    kind: str = ""
    device: str = ""
    zone: str | None = None
    resolved_at: datetime | None = None
    forget_at: datetime | None = None


class Compiled(msgspec.Struct, frozen=True):
    concerns: Matcher
    holds: tuple[Any, ...]
    severities: tuple[Severity, ...]
    lasting: tuple[timedelta, ...]
    clears: Any
    clear_for: timedelta


def prepare(rule: Rule) -> Compiled:
    params: Params = rule.params
    clear = params.clear
    return Compiled(
        # Readings that the match's own comparison leaves out still end what they no longer hold.
        concerns=compile_match(rule.match, without=frozenset({"value"})),
        holds=tuple(level.compiled() for level in params.levels),
        severities=tuple(level.severity for level in params.levels),
        lasting=tuple(level.lasting for level in params.levels),
        clears=clear.compiled() if clear is not None else None,
        clear_for=(clear.lasting if clear is not None else NOTHING) + params.keep_firing_for,
    )


def observe(plan: Plan, state: ThresholdState | None, event: Event, now: datetime) -> Step | None:
    compiled: Compiled = plan.compiled
    value = event.value
    if value is None or not isfinite(value) or not compiled.concerns(event):
        return None
    holding = [holds(value) for holds in compiled.holds]
    if "value" in plan.rule.match and not plan.matches(event):
        holding = [False] * len(holding)
    if state is None:
        if not any(holding) or event.retained or event.phase == "state":
            return None
        state = ThresholdState(levels=[None] * len(holding))
    elif _is_old(state, event):
        return _count_only(plan, state, event, now, holding)
    if (event.retained or event.phase == "state") and any(holding) and not _is_news(state, event):
        return None
    return _read(plan, state, event, now, holding)


def _is_old(state: ThresholdState, event: Event) -> bool:
    """Whether a newer reading, or what resolved the alert, has already said more than this one can."""
    known = [at for at in (state.last_at, state.resolved_at) if at is not None]
    return any(event.occurred_at < at for at in known)


def _is_news(state: ThresholdState, event: Event) -> bool:
    """Whether a repeated state may raise: a clear reading is known, and it is older."""
    if event.clock_suspect:
        return False
    if state.severity is not None:
        return state.last_at is None or event.occurred_at > state.last_at
    return state.resolved_at is not None and event.occurred_at > state.resolved_at


def _count_only(
    plan: Plan, state: ThresholdState, event: Event, now: datetime, holding: list[bool]
) -> Step | None:
    if not any(holding) or event.retained or event.phase == "state":
        return None
    severity = _highest(plan.compiled.severities, holding)
    finding = plan.finding(plan.key_of(event), "firing", severity, now, event=event, late=True)
    return Step(state, finding, changed=False)


def _read(plan: Plan, state: ThresholdState, event: Event, now: datetime, holding: list[bool]) -> Step | None:
    compiled: Compiled = plan.compiled
    at, key = event.occurred_at, plan.key_of(event)
    if state.severity is None and not any(holding):
        idle = _remembered(state)
        return Step(idle, changed=idle != state)
    state.last_at, state.value = at, event.value or 0.0
    state.kind, state.device, state.zone = event.kind, event.device, event.zone
    state.levels = [
        hold(pending, at, now, lasting) if holds else None
        for pending, holds, lasting in zip(state.levels, holding, compiled.lasting, strict=True)
    ]
    if state.severity is None:
        return _rise_if_open(plan, state, event, now)
    clears = compiled.clears(event.value) if compiled.clears is not None else not any(holding)
    state.clearing = hold(state.clearing, at, now, compiled.clear_for) if clears else None
    if state.clearing is not None and state.clearing.due_at is None:
        return _resolve(plan, state, key, now, at, event)
    if not any(holding):
        return Step(state)
    return _rise(plan, state, key, now, event) or Step(state, _finding(plan, state, key, now, event))


def _remembered(state: ThresholdState) -> ThresholdState | None:
    """What is left once nothing fires and nothing is pending: when it resolved, while that matters."""
    if state.resolved_at is None:
        return None
    levels: list[Pending | None] = [None] * len(state.levels)
    return ThresholdState(levels=levels, resolved_at=state.resolved_at, forget_at=state.forget_at)


def _rise_if_open(plan: Plan, state: ThresholdState, event: Event, now: datetime) -> Step:
    """A first or pending reading; what its calendar holds back is raised when the calendar opens."""
    if plan.is_open(event.school, event.occurred_at):
        return _rise(plan, state, plan.key_of(event), now, event) or Step(state)
    for pending in state.levels:
        if pending is not None and pending.due_at is None:
            pending.due_at = now
    return Step(state)


def _rise(plan: Plan, state: ThresholdState, key: Key, now: datetime, event: Event | None) -> Step | None:
    """The highest severity that has held long enough, where it is above the present one."""
    reached = [pending is not None and pending.due_at is None for pending in state.levels]
    if not any(reached):
        return None
    severity = _highest(plan.compiled.severities, reached)
    if state.severity is not None and SEVERITY_RANK[severity] <= SEVERITY_RANK[state.severity]:
        return None
    edge = state.severity is None
    state.severity = severity
    state.resolved_at = state.forget_at = None
    return Step(state, _finding(plan, state, key, now, event, edge=edge))


def _resolve(
    plan: Plan, state: ThresholdState, key: Key, now: datetime, at: datetime, event: Event | None
) -> Step:
    finding = _finding(plan, state, key, now, event, condition="resolved")
    state.resolved_at, state.forget_at = at, now + REMEMBERED_FOR
    return Step(_remembered(state), finding)


def _finding(
    plan: Plan,
    state: ThresholdState,
    key: Key,
    now: datetime,
    event: Event | None,
    *,
    edge: bool = False,
    condition: Condition = "firing",
) -> Finding:
    severity = state.severity or plan.compiled.severities[0]
    subject = Subject(state.kind, state.device, state.zone)
    detail = {"value": state.value}
    return plan.finding(key, condition, severity, now, edge=edge, event=event, subject=subject, detail=detail)


def _highest(severities: tuple[Severity, ...], which: list[bool]) -> Severity:
    chosen = [severity for severity, yes in zip(severities, which, strict=True) if yes]
    return max(chosen, key=SEVERITY_RANK.__getitem__)


def fire(plan: Plan, state: ThresholdState, key: Key, at: datetime) -> Step:
    """No further reading came: what was pending has now held long enough."""
    clearing = state.clearing
    if clearing is not None and clearing.due_at is not None and clearing.due_at <= at:
        since = clearing.since + plan.compiled.clear_for
        return _resolve(plan, state, key, at, since, None)
    if state.forget_at is not None and state.forget_at <= at:
        state.resolved_at = state.forget_at = None
        return Step(state if any(state.levels) else None)
    for pending in state.levels:
        if pending is not None and pending.due_at is not None and pending.due_at <= at:
            pending.due_at = None
    return _rise(plan, state, key, at, None) or Step(state)


def due(plan: Plan, state: ThresholdState, key: Key) -> datetime | None:
    dues = [state.forget_at] if state.forget_at is not None else []
    if state.clearing is not None and state.clearing.due_at is not None:
        dues.append(state.clearing.due_at)
    waiting = [
        pending.due_at for pending in state.levels if pending is not None and pending.due_at is not None
    ]
    if waiting and state.severity is None and plan.calendar is not None:
        opening = plan.opening(key, min(waiting))
        return min([*dues, opening]) if opening is not None else min(dues, default=None)
    return min([*dues, *waiting], default=None)


def deafen(plan: Plan, state: ThresholdState, deaf: Deafness) -> bool:
    if not deaf.restart:
        return False
    compiled: Compiled = plan.compiled
    waiting = list(zip(state.levels, compiled.lasting, strict=True))
    moved = [
        move(pending, deaf, lasting) for pending, lasting in [*waiting, (state.clearing, compiled.clear_for)]
    ]
    return any(moved)


def adapt(plan: Plan, state: ThresholdState) -> ThresholdState:
    """A rule that got other levels keeps what fires; what was pending starts with the next reading."""
    if len(state.levels) != len(plan.compiled.holds):
        state.levels = [None] * len(plan.compiled.holds)
    return state


def check(match: dict[str, Any], params: Params) -> tuple[list[Any], list[Any]]:
    problems: list[Any] = []
    warnings: list[Any] = []
    if "kind" not in match:
        warnings.append((("match",), "compares numbers of every kind with each other; name a kind"))
    if named(match, "phase") == ["end"]:
        warnings.append((("match", "phase"), "an end carries no number: this rule can never fire"))
    warnings += unmeasured(match)
    let_through = interval_of(match)
    for position, level in enumerate(params.levels):
        if level.interval().meets(let_through).is_empty():
            reason = f"{level.severity} can never fire: the match lets no such value through"
            warnings.append((("raise", position), reason))
        for other in params.levels:
            graver = SEVERITY_RANK[other.severity] > SEVERITY_RANK[level.severity]
            if graver and other.lasting <= level.lasting and other.interval().covers(level.interval()):
                reason = f"{level.severity} can never fire: {other.severity} always does so first"
                warnings.append((("raise", position), reason))
    return problems, warnings


KIND = RuleKind(
    params=Params,
    state=ThresholdState,
    observe=observe,
    fire=fire,
    due=due,
    deafen=deafen,
    prepare=prepare,
    check=check,
    adapt=adapt,
)
