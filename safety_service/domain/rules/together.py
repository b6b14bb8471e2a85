"""Rule kind `together`: several things were all seen for one key within a short time, in any order."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from pydantic import Field

from safety_service.domain.rules import quieting
from safety_service.domain.rules.durations import PositiveDuration, QuietDuration
from safety_service.domain.rules.happening import compile_happening, warn_of_phases
from safety_service.domain.rules.matching import Matcher, check_match, named
from safety_service.domain.rules.model import Rule, SeverityName, Strict
from safety_service.domain.rules.plan import REMEMBERED_FOR, Key, Plan, RuleKind, Step
from safety_service.domain.types import LIFE_SAFETY_KINDS, Event, Subject

TIMES_KEPT = 16
"""How many times of each part are kept, for parts that arrive out of order."""
KEPT_FOR_LATE = timedelta(minutes=10)


class Params(Strict):
    """`parts`: the matches under `all`. `quiet_for` None means `never`: only a person ends it."""

    parts: list[dict[str, Any]] = Field(alias="all", min_length=2)
    within: PositiveDuration
    severity: SeverityName
    quiet_for: QuietDuration = timedelta(minutes=10)


class TogetherState(msgspec.Struct, tag="together", forbid_unknown_fields=True, omit_defaults=True):
    """`times`: of each part, when it was seen last, in order; event times, as is `resolved_at`.

    `due_at` is when silence ends it, or when all of this may be forgotten.
    """

    times: list[list[datetime]] = []
    firing: bool = False
    last_at: datetime | None = None
    due_at: datetime | None = None
    resolved_at: datetime | None = None
    kind: str = ""
    device: str | None = None
    zone: str | None = None


class Compiled(msgspec.Struct, frozen=True):
    parts: tuple[Matcher, ...]


def prepare(rule: Rule) -> Compiled:
    """A part has to hold beside the rule's own match; a phase that either names is a phase that counts."""
    phase = {"phase": rule.match["phase"]} if "phase" in rule.match else {}
    return Compiled(tuple(compile_happening(phase | part) for part in rule.params.parts))


def kinds_of(rule: Rule) -> list[Any] | None:
    """The kinds of events that any part looks at; None where one of them looks at all."""
    own = named(rule.match, "kind")
    if own is not None:
        return own
    named_by_parts = [named(part, "kind") for part in rule.params.parts]
    if any(kinds is None for kinds in named_by_parts):
        return None
    return sorted({kind for kinds in named_by_parts for kind in kinds or ()})


def observe(plan: Plan, state: TogetherState | None, event: Event, now: datetime) -> Step | None:
    compiled: Compiled = plan.compiled
    seen = [part(event) for part in compiled.parts]
    if not any(seen) or not plan.matches(event) or not plan.admits(event):
        return None
    if state is None or len(state.times) != len(seen):
        state = msgspec.structs.replace(state or TogetherState(), times=[[] for _ in seen])
    for times, hit in zip(state.times, seen, strict=True):
        if hit:
            insort(times, event.occurred_at)
            del times[:-TIMES_KEPT]
    if not _complete(state.times, event.occurred_at, plan.params.within):
        if not state.firing:
            forgotten = now + plan.params.within + KEPT_FOR_LATE
            state.due_at = max(forgotten, state.due_at or forgotten)
        return Step(state)
    return _met(plan, state, event, now)


def _complete(times: Sequence[Sequence[datetime]], at: datetime, within: timedelta) -> bool:
    """Whether a stretch of `within` that holds `at` holds every part, both of its ends included."""
    starts = {one for part in times for one in part if at - within <= one <= at}
    return any(
        all(
            (place := bisect_left(part, start)) < len(part) and part[place] <= start + within
            for part in times
        )
        for start in starts
    )


def _met(plan: Plan, state: TogetherState, event: Event, now: datetime) -> Step:
    severity, key = plan.params.severity, plan.key_of(event)
    late = not state.firing and state.resolved_at is not None and event.occurred_at < state.resolved_at
    if late and event.kind not in LIFE_SAFETY_KINDS:
        return Step(state, plan.finding(key, "firing", severity, now, event=event, late=True))
    edge = not state.firing
    state.firing, state.resolved_at = True, None
    state.last_at = max(event.occurred_at, state.last_at or event.occurred_at)
    state.due_at = now + plan.params.quiet_for if plan.params.quiet_for is not None else None
    state.kind, state.device, state.zone = event.kind, event.device, event.zone
    return Step(state, plan.finding(key, "firing", severity, now, edge=edge, event=event, late=late))


def fire(plan: Plan, state: TogetherState, key: Key, at: datetime) -> Step:
    """It has been quiet for long enough; or nothing that is remembered can matter any more."""
    if not state.firing:
        return Step(None)
    quiet = plan.params.quiet_for or timedelta(0)
    state.firing, state.due_at = False, at + REMEMBERED_FOR
    state.resolved_at = (state.last_at or at) + quiet
    subject = Subject(state.kind, state.device, state.zone)
    over = plan.finding(key, "resolved", plan.params.severity, at, subject=subject, detail=quieting.QUIET)
    return Step(state, over)


def due(_plan: Plan, state: TogetherState, _key: Key) -> datetime | None:
    return state.due_at


def check(match: dict[str, Any], params: Params) -> tuple[list[Any], list[Any]]:
    problems: list[Any] = []
    warnings: list[Any] = warn_of_phases(match)
    own = named(match, "kind")
    for position, part in enumerate(params.parts):
        where = ("all", position)
        problems += [((*where, *below), reason) for below, reason in check_match(part)]
        if not part:
            problems.append((where, "is empty: it would be seen in everything"))
        elif "kind" not in part and own is None:
            warnings.append((where, "is seen in events of every kind; name a kind"))
        elif own is not None and "kind" in part and not set(own) & set(named(part, "kind") or own):
            reason = "asks for other kinds than match does: this rule can never fire"
            warnings.append(((*where, "kind"), reason))
        if part in params.parts[:position]:
            warnings.append((where, "says the same as a part before it: one event is both"))
    return problems, warnings


KIND = RuleKind(
    params=Params,
    state=TogetherState,
    observe=observe,
    fire=fire,
    due=due,
    deafen=quieting.deafen,
    prepare=prepare,
    check=check,
    adapt=quieting.adapt,
    kinds_of=kinds_of,
)
