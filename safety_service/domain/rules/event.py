"""Rule kind `event`: something happened; it lasts until its end is reported, or until it has been quiet."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from safety_service.domain.decoding.kinds import MEASUREMENTS
from safety_service.domain.rules import quieting
from safety_service.domain.rules.durations import QuietDuration
from safety_service.domain.rules.matching import Matcher, compile_match, named
from safety_service.domain.rules.model import Rule, SeverityName, Strict
from safety_service.domain.rules.plan import REMEMBERED_FOR, Key, Plan, RuleKind, Step
from safety_service.domain.types import LIFE_SAFETY_KINDS, Event

HAPPENS = frozenset({"start", "update", "pulse", "state"})
ENDS_KEPT = 8
ACTIVE_KEPT = 64

RAISES_NOTHING = frozenset({"end", "state"})


class Params(Strict):
    """`quiet_for` None means `never`: only an end or a person ends it."""

    severity: SeverityName
    quiet_for: QuietDuration = timedelta(minutes=10)


class End(msgspec.Struct, array_like=True):
    event_id: str | None
    device: str
    occurred_at: datetime


class EventState(msgspec.Struct, tag="event", forbid_unknown_fields=True, omit_defaults=True):
    """`last_at`, `resolved_at` and the ends are event times; `due_at` is when silence ends it, or when the
    memory of its end may go. `active`: ids that started and have not ended."""

    firing: bool = False
    last_at: datetime | None = None
    due_at: datetime | None = None
    active: list[str] = []
    ends: list[End] = []
    resolved_at: datetime | None = None


class Compiled(msgspec.Struct, frozen=True):
    ends: Matcher
    names_phase: bool
    takes_measures: bool


def prepare(rule: Rule) -> Compiled:
    names_phase = "phase" in rule.match
    # An end says what ended and not how it looked: value and phase of the beginning are not asked of it.
    left_out = frozenset() if names_phase else frozenset({"phase", "value"})
    phases = named(rule.match, "phase")
    takes_measures = "value" in rule.match if phases is None else "measure" in phases
    return Compiled(compile_match(rule.match, without=left_out), names_phase, takes_measures)


def observe(plan: Plan, state: EventState | None, event: Event, now: datetime) -> Step | None:
    compiled: Compiled = plan.compiled
    if event.phase == "end":
        # Where nothing could have begun, no end is worth remembering: most of them are of that sort.
        concerns = compiled.ends(event) and (state is not None or plan.admits(event))
        return _end(plan, state or EventState(), event, now) if concerns else None
    if event.phase not in HAPPENS and not compiled.takes_measures:
        return None
    if not plan.matches(event):
        return None
    return _happened(plan, state or EventState(), event, now)


def _happened(plan: Plan, state: EventState, event: Event, now: datetime) -> Step | None:
    continues = state.firing and event.event_id is not None and event.event_id in state.active
    if not continues and not plan.admits(event):
        return None
    late = _is_late(state, event)
    if (event.retained or event.phase == "state") and (late or not _is_news(state, event)):
        return None
    severity, key = plan.params.severity, plan.key_of(event)
    if late and event.kind not in LIFE_SAFETY_KINDS:
        return Step(state, plan.finding(key, "firing", severity, now, event=event, late=True), changed=False)
    edge = not state.firing
    state.firing = True
    state.last_at = max(event.occurred_at, state.last_at or event.occurred_at)
    state.due_at = now + plan.params.quiet_for if plan.params.quiet_for is not None else None
    if event.event_id is not None and event.phase != "pulse" and event.event_id not in state.active:
        state.active = [*state.active[1 - ACTIVE_KEPT :], event.event_id]
    return Step(state, plan.finding(key, "firing", severity, now, edge=edge, event=event, late=late))


def _is_late(state: EventState, event: Event) -> bool:
    """Whether this is old news of something whose end is known. Equal times are told by their order."""
    for end in state.ends:
        if end.device != event.device:
            continue
        if event.event_id is None:
            if event.occurred_at < end.occurred_at:
                return True
        elif event.event_id == end.event_id and event.phase != "pulse":
            return True
    return not state.firing and state.resolved_at is not None and event.occurred_at < state.resolved_at


def _is_news(state: EventState, event: Event) -> bool:
    """Whether a repeated state tells more than is known: it is newer than the last match, or than an end."""
    if event.clock_suspect:
        return False
    if state.firing:
        return state.last_at is None or event.occurred_at > state.last_at
    return bool(state.ends) and all(end.occurred_at < event.occurred_at for end in state.ends)


def _end(plan: Plan, state: EventState, event: Event, now: datetime) -> Step | None:
    older = state.last_at is not None and event.occurred_at < state.last_at
    if event.retained and older:
        return None
    end = End(event.event_id, event.device, event.occurred_at)
    if event.retained and end in state.ends:
        return None
    state.ends = [*state.ends[1 - ENDS_KEPT :], end]
    if not state.firing:
        state.due_at = now + REMEMBERED_FOR
        return Step(state)
    if event.event_id is not None and event.event_id in state.active:
        state.active = [one for one in state.active if one != event.event_id]
        if state.active:
            return Step(state)
    elif older:
        # The end of something earlier than what goes on now.
        return Step(state)
    _resolve(state, event.occurred_at, now)
    return Step(state, plan.finding(plan.key_of(event), "resolved", plan.params.severity, now, event=event))


def _resolve(state: EventState, occurred_at: datetime, now: datetime) -> None:
    state.firing = False
    state.active = []
    state.resolved_at = occurred_at
    state.due_at = now + REMEMBERED_FOR


def fire(plan: Plan, state: EventState, key: Key, at: datetime) -> Step:
    """It has been quiet for long enough; or nothing late is to be expected any more."""
    if not state.firing:
        return Step(None)
    quiet = plan.params.quiet_for or timedelta(0)
    _resolve(state, (state.last_at or at) + quiet, at)
    return Step(state, plan.finding(key, "resolved", plan.params.severity, at))


def due(_plan: Plan, state: EventState, _key: Key) -> datetime | None:
    return state.due_at


def check(match: dict[str, Any], params: Params) -> tuple[list[Any], list[Any]]:
    kinds, phases = named(match, "kind"), named(match, "phase")
    warnings: list[Any] = []
    if phases and set(phases) <= RAISES_NOTHING:
        reason = f"{' or '.join(phases)} raises nothing: this rule can never fire"
        warnings.append((("match", "phase"), reason))
    if kinds and set(kinds) <= MEASUREMENTS and "value" not in match and not {"measure"} & set(phases or ()):
        reason = "these kinds are measured and do not happen: without value the rule can never fire"
        warnings.append((("match", "kind"), reason))
    if kinds is None and not set(match) - {"kind", "school", "phase"}:
        warnings.append((("match",), "fires for everything that happens; name a kind"))
    if params.quiet_for is None and phases is not None and "end" not in phases:
        reason = "only an end ends it (quiet_for: never), and the match lets none through"
        warnings.append((("match", "phase"), reason))
    return [], warnings


KIND = RuleKind(
    params=Params,
    state=EventState,
    observe=observe,
    fire=fire,
    due=due,
    deafen=quieting.deafen,
    prepare=prepare,
    check=check,
    adapt=quieting.adapt,
)
