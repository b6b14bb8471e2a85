"""Rule kind `event`: something happened; it lasts until its end is reported, or until it has been quiet."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from pydantic import Field

from safety_service.domain.decoding.kinds import MEASUREMENTS
from safety_service.domain.rules import quieting
from safety_service.domain.rules.durations import PositiveDuration, QuietDuration
from safety_service.domain.rules.matching import Matcher, compile_match, named
from safety_service.domain.rules.model import Rule, SeverityName, Strict
from safety_service.domain.rules.plan import REMEMBERED_FOR, Deafness, Key, Plan, RuleKind, Step
from safety_service.domain.types import LIFE_SAFETY_KINDS, Event, Subject

HAPPENS = frozenset({"start", "update", "pulse", "state"})
ENDS_KEPT = 8
ACTIVE_KEPT = 64

RAISES_NOTHING = frozenset({"end", "state"})


class Params(Strict):
    """`quiet_for` None means `never`: only an end or a person ends it. What ends within `for` is not told."""

    severity: SeverityName
    quiet_for: QuietDuration = timedelta(minutes=10)
    lasting_for: PositiveDuration | None = Field(alias="for", default=None)


class End(msgspec.Struct, array_like=True):
    event_id: str | None
    device: str
    occurred_at: datetime


class EventState(msgspec.Struct, tag="event", forbid_unknown_fields=True, omit_defaults=True):
    """`last_at`, `resolved_at` and the ends are event times; `due_at` is when silence ends it, when it will
    have lasted for long enough (`waits_since`), or when the memory of its end may go. `active`: ids that
    started and have not ended. `quieted`: silence ended it, and nobody has said that it is over."""

    firing: bool = False
    waits_since: datetime | None = None
    quieted: bool = False
    subject: Subject | None = None
    gateway: str | None = None
    last_at: datetime | None = None
    due_at: datetime | None = None
    active: list[str] = []
    ends: list[End] = []
    resolved_at: datetime | None = None

    @property
    def lasts(self) -> bool:
        """Whether it goes on, told or not yet."""
        return self.firing or self.waits_since is not None


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
    # What has ended is active no more, so this is of something that goes on.
    continues = event.event_id is not None and event.event_id in state.active
    if not continues and not plan.admits(event):
        return None
    late = _is_late(state, event)
    if (event.retained or event.phase == "state") and (late or not _is_news(state, event)):
        return None
    severity, key = plan.params.severity, plan.key_of(event)
    if late and event.kind not in LIFE_SAFETY_KINDS:
        return Step(state, plan.finding(key, "firing", severity, now, event=event, late=True), changed=False)
    edge = not state.firing
    if state.quieted and _is_known(event) and not event.retained and "device" in plan.key:
        return _still_so(state, now)
    state.last_at = max(event.occurred_at, state.last_at or event.occurred_at)
    if event.event_id is not None and event.phase != "pulse" and event.event_id not in state.active:
        state.active = [*state.active[1 - ACTIVE_KEPT :], event.event_id]
    if edge and plan.params.lasting_for is not None:
        return _waits(plan, state, event, now)
    _fires(plan, state, now)
    repeats = not edge and event.phase != "pulse" and (event.retained or _is_known(event))
    found = plan.finding(key, "firing", severity, now, edge=edge, event=event, late=late, repeats=repeats)
    return Step(state, found)


def _is_known(event: Event) -> bool:
    """Whether a device that repeats its state says only what it has said before."""
    return event.phase == "state" or (event.phase == "update" and event.event_id is None)


def _still_so(state: EventState, now: datetime) -> Step | None:
    """It was told, it went quiet, and it is said once more: nothing has begun."""
    if state.due_at is not None and state.due_at - now > REMEMBERED_FOR - timedelta(days=1):
        return None
    state.due_at = now + REMEMBERED_FOR
    return Step(state)


def _waits(plan: Plan, state: EventState, event: Event, now: datetime) -> Step:
    if state.waits_since is None:
        state.waits_since = now
        state.due_at = now + plan.params.lasting_for
        state.subject = Subject(event.kind, event.device, event.zone)
        state.gateway = event.gateway
    return Step(state)


def _fires(plan: Plan, state: EventState, now: datetime) -> None:
    state.firing, state.waits_since, state.quieted = True, None, False
    state.due_at = now + plan.params.quiet_for if plan.params.quiet_for is not None else None


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
    state.quieted = False
    if not state.lasts:
        state.due_at = now + REMEMBERED_FOR
        return Step(state)
    if event.event_id is not None and event.event_id in state.active:
        state.active = [one for one in state.active if one != event.event_id]
        if state.active:
            return Step(state)
    elif older:
        # The end of something earlier than what goes on now.
        return Step(state)
    told = state.firing
    _resolve(state, event.occurred_at, now)
    if not told:
        return Step(state)
    return Step(state, plan.finding(plan.key_of(event), "resolved", plan.params.severity, now, event=event))


def _resolve(state: EventState, occurred_at: datetime, now: datetime) -> None:
    state.firing, state.waits_since = False, None
    state.active = []
    state.resolved_at = occurred_at
    state.due_at = now + REMEMBERED_FOR


def fire(plan: Plan, state: EventState, key: Key, at: datetime) -> Step:
    """It has lasted, or it has been quiet, for long enough; or nothing late is to be expected any more."""
    severity = plan.params.severity
    if state.waits_since is not None:
        since = {"since": state.waits_since.isoformat()}
        _fires(plan, state, at)
        found = plan.finding(
            key, "firing", severity, at, edge=True, subject=state.subject, detail=since, gateway=state.gateway
        )
        return Step(state, found)
    if not state.firing:
        return Step(None)
    quiet = plan.params.quiet_for or timedelta(0)
    _resolve(state, (state.last_at or at) + quiet, at)
    state.quieted = True
    return Step(state, plan.finding(key, "resolved", severity, at, detail=quieting.QUIET))


def deafen(plan: Plan, state: EventState, deaf: Deafness) -> bool:
    """Silence while nobody could hear is none; and an end that nobody could hear may have been told."""
    if state.waits_since is None or state.due_at is None:
        return quieting.deafen(plan, state, deaf)
    state.due_at = deaf.moved(state.due_at, plan.params.lasting_for or timedelta(0))
    return True


def adapt(plan: Plan, state: EventState) -> EventState:
    """Under a changed rule: what waits goes on waiting from its beginning, or no longer."""
    if state.waits_since is None:
        quieting.adapt(plan, state)
    else:
        state.due_at = state.waits_since + (plan.params.lasting_for or timedelta(0))
    return state


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
    if params.lasting_for is not None and kinds and set(kinds) & LIFE_SAFETY_KINDS:
        warnings.append((("for",), "life is at stake in these kinds: nobody is told before it has lasted"))
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
    deafen=deafen,
    prepare=prepare,
    check=check,
    adapt=adapt,
)
