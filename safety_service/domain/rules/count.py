"""Rule kind `count`: so many matches, or so many different values of a field, within a sliding window.

The window is after t - `window`, up to and including t, in event time. It is asked for at every time at which
something happened, so the order in which late news arrive changes nothing.
"""

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import msgspec
from pydantic import Field, field_validator

from safety_service.domain.rules.durations import PositiveDuration
from safety_service.domain.rules.happening import compile_happening, warn_of_phases
from safety_service.domain.rules.matching import Matcher, named
from safety_service.domain.rules.model import Rule, SeverityName, Strict, key_part, known_parts
from safety_service.domain.rules.plan import REMEMBERED_FOR, Deafness, Key, Plan, RuleKind, Step
from safety_service.domain.types import LIFE_SAFETY_KINDS, SEVERITY_RANK, Event, Severity, Subject

KEPT_FOR_LATE = timedelta(minutes=10)
"""How long what has left the window is kept beyond it, for news that come late."""
LARGEST = 10_000
_time = attrgetter("at")


class Level(Strict):
    severity: SeverityName
    at_least: int = Field(strict=True, ge=1, le=LARGEST)


class Params(Strict):
    """`distinct`: the field whose different values are counted; without it every match counts."""

    window: PositiveDuration
    levels: list[Level] = Field(alias="raise", min_length=1)
    distinct: str | None = None

    @field_validator("distinct")
    @classmethod
    def _known_field(cls, name: str | None) -> str | None:
        if name is not None:
            known_parts([name])
        return name


class Seen(msgspec.Struct, array_like=True, gc=False):
    """One match by its event time; `value` is empty where every match counts."""

    at: datetime
    value: str = ""


class CountState(msgspec.Struct, tag="count", forbid_unknown_fields=True, omit_defaults=True):
    """`seen` is in order of time and holds twice what the highest number asks for, at most.

    `severity` None: not firing. `not_before`: it ends no sooner, because it was raised late or a downtime put
    its end off. `forget_at`: when all of this may go.
    """

    seen: list[Seen] = []
    severity: Severity | None = None
    resolved_at: datetime | None = None
    not_before: datetime | None = None
    forget_at: datetime | None = None
    kind: str = ""
    device: str | None = None
    zone: str | None = None


class Compiled(msgspec.Struct, frozen=True):
    counts: Matcher
    lowest: int
    most: int
    levels: tuple[tuple[int, Severity], ...]


def prepare(rule: Rule) -> Compiled:
    """`levels`: the gravest first."""
    params: Params = rule.params
    levels = sorted(params.levels, key=lambda level: -SEVERITY_RANK[level.severity])
    numbers = [level.at_least for level in levels]
    by_severity = tuple((level.at_least, level.severity) for level in levels)
    return Compiled(compile_happening(rule.match), min(numbers), max(numbers), by_severity)


def observe(plan: Plan, state: CountState | None, event: Event, now: datetime) -> Step | None:
    compiled: Compiled = plan.compiled
    if not compiled.counts(event) or not plan.admits(event):
        return None
    params: Params = plan.params
    value = "" if params.distinct is None else key_part(event, params.distinct)
    if params.distinct is not None and not value:
        return None
    state = state or CountState()
    reached = _take_in(state, Seen(event.occurred_at, value), params, compiled)
    level = next((severity for at_least, severity in compiled.levels if reached >= at_least), None)
    key, detail = plan.key_of(event), {"matches": reached}
    state.forget_at = max(now + params.window + KEPT_FOR_LATE, state.forget_at or now)
    state.kind, state.device, state.zone = event.kind, event.device, event.zone
    if state.severity is not None:
        if level is not None and SEVERITY_RANK[level] > SEVERITY_RANK[state.severity]:
            state.severity = level
        state.not_before = max(now, state.not_before or now)
        return Step(state, plan.finding(key, "firing", state.severity, now, event=event, detail=detail))
    late = state.resolved_at is not None and event.occurred_at < state.resolved_at
    if level is None:
        return Step(state)
    if late and event.kind not in LIFE_SAFETY_KINDS:
        return Step(state, plan.finding(key, "firing", level, now, event=event, late=True))
    state.severity, state.resolved_at, state.not_before = level, None, now
    found = plan.finding(key, "firing", level, now, edge=True, event=event, late=late, detail=detail)
    return Step(state, msgspec.structs.replace(found, matches=reached))


def _take_in(state: CountState, seen: Seen, params: Params, compiled: Compiled) -> int:
    """Adds one match; returns how many the fullest window that holds it has."""
    held = state.seen
    known = next((one for one in held if one.value == seen.value), None) if seen.value else None
    if known is not None:
        # Of one value only the latest time counts.
        held.remove(known)
        seen = max(known, seen, key=_time)
    end = bisect_right(held, seen.at, key=_time)
    held.insert(end, seen)
    fullest = 0
    while end < len(held) and held[end].at < seen.at + params.window:
        last = bisect_right(held, held[end].at, lo=end, key=_time)
        first = bisect_right(held, held[end].at - params.window, hi=last, key=_time)
        fullest = max(fullest, last - first)
        end = last
    oldest = held[-1].at - params.window - KEPT_FOR_LATE
    del held[: max(bisect_left(held, oldest, key=_time), len(held) - 2 * compiled.most)]
    return fullest


def _ends_at(plan: Plan, state: CountState) -> datetime | None:
    """When the window holds too few, if nothing more happens."""
    lowest: int = plan.compiled.lowest
    if len(state.seen) < lowest or state.not_before is None:
        return state.not_before
    window: timedelta = plan.params.window
    return max(state.seen[-lowest].at + window, state.not_before)


def fire(plan: Plan, state: CountState, key: Key, at: datetime) -> Step:
    """Too few are left in the window, or nothing late is to be expected any more."""
    if state.severity is None:
        return Step(None)
    severity, state.severity = state.severity, None
    state.resolved_at, state.not_before, state.forget_at = at, None, at + REMEMBERED_FOR
    subject = Subject(state.kind, state.device, state.zone)
    return Step(state, plan.finding(key, "resolved", severity, at, subject=subject))


def due(plan: Plan, state: CountState, _key: Key) -> datetime | None:
    if state.severity is not None:
        return _ends_at(plan, state)
    return state.forget_at


def deafen(plan: Plan, state: CountState, deaf: Deafness) -> bool:
    """What happened during the downtime is still to be told, so the window ends no sooner than that."""
    ends = _ends_at(plan, state) if deaf.restart and state.severity is not None else None
    if ends is None:
        return False
    state.not_before = deaf.moved(ends, plan.params.window)
    return True


def check(match: dict[str, Any], params: Params) -> tuple[list[Any], list[Any]]:
    warnings: list[Any] = warn_of_phases(match)
    if "kind" not in match:
        warnings.append((("match",), "counts everything that happens; name a kind"))
    if named(match, "phase") == ["end"]:
        warnings.append((("match", "phase"), "counts only ends, and not what began"))
    for position, level in enumerate(params.levels):
        for other in params.levels:
            graver = SEVERITY_RANK[other.severity] > SEVERITY_RANK[level.severity]
            if graver and other.at_least <= level.at_least:
                reason = f"{level.severity} can never fire: {other.severity} needs no more"
                warnings.append((("raise", position), reason))
    if min(level.at_least for level in params.levels) == 1:
        warnings.append((("raise",), "at_least 1 fires for every match; a rule of kind event says so too"))
    return [], warnings


KIND = RuleKind(
    params=Params,
    state=CountState,
    observe=observe,
    fire=fire,
    due=due,
    deafen=deafen,
    prepare=prepare,
    check=check,
)
