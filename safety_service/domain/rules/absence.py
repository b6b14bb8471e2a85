"""Rule kind `absence`: a registered device, or a kind of event, was not heard of for too long.

Silence is judged on receive time. When a watched device was last heard is kept by the registry, so hearing
it changes nothing that has to be stored; a device that was never heard, and a kind of event, have their own
row.
"""

from datetime import datetime
from typing import Any

import msgspec

from safety_service.domain.rules.durations import PositiveDuration
from safety_service.domain.rules.matching import Matcher, compile_match, named
from safety_service.domain.rules.model import Rule, SeverityName, Strict
from safety_service.domain.rules.plan import Deafness, Key, Plan, RuleKind, Step
from safety_service.domain.types import DeviceSeen, Event, Subject

DEVICE_FIELDS = frozenset({"school", "device", "zone", "format"})


class Params(Strict):
    severity: SeverityName
    silent_for: PositiveDuration


class AbsenceState(msgspec.Struct, tag="absence", forbid_unknown_fields=True, omit_defaults=True):
    """`heard_at` None: watched, and nothing tells since when; the first known instant counts.

    `never`: `heard_at` is when watching began. `gone`: not watched any more, what fires is to be resolved.
    """

    heard_at: datetime | None = None
    firing: bool = False
    never: bool = False
    gone: bool = False
    device: str | None = None
    zone: str | None = None


def prepare(rule: Rule) -> Matcher:
    """Asks a device as it asks an event; a kind is not asked of devices."""
    return compile_match({name: rule.match[name] for name in rule.match if name in DEVICE_FIELDS})


def is_stored(plan: Plan, state: AbsenceState) -> bool:
    """Whether the state is more than the registry knows of the device anyway."""
    return state.firing or state.never or plan.kinds is not None


def watches(plan: Plan, device: DeviceSeen) -> Key | None:
    """The key of a device that this rule watches from its registration on.

    A rule on a kind waits for the first such event, because not every device sends every kind; only where
    it names the device too is the device known to owe that kind.
    """
    if plan.kinds is not None and "device" not in plan.rule.match:
        return None
    if not device.registered or not plan.compiled(device):
        return None
    return key_of_device(plan, device)


def key_of_device(plan: Plan, device: DeviceSeen) -> Key:
    """The key of the rule as far as the registry can tell it; what only an event can tell is empty."""
    kind = plan.kinds[0] if plan.kinds else None
    parts = [kind if name == "kind" else getattr(device, name, None) for name in plan.key]
    return tuple("" if part is None else str(part) for part in parts)


def watch(plan: Plan, state: AbsenceState | None, device: DeviceSeen, now: datetime | None) -> AbsenceState:
    """Begins to watch a device, or learns more of it. A sighting after `now` is yet to be observed."""
    seen = device.last_seen_at if plan.kinds is None else None
    if state is None:
        state = AbsenceState(heard_at=seen or now, never=seen is None)
    elif seen is not None and not state.firing and (now is None or seen <= now):
        state.heard_at = seen if state.heard_at is None or state.never else max(seen, state.heard_at)
        state.never = False
    state.gone = False
    state.device, state.zone = device.device, device.zone
    return state


def observe(plan: Plan, state: AbsenceState | None, event: Event, now: datetime) -> Step | None:
    """An event of the named kind; rules on devices are told by `hear`."""
    if plan.kinds is None or event.retained or not plan.matches(event):
        return None
    step = hear(plan, state or AbsenceState(), plan.key_of(event), event, now)
    step.state.device, step.state.zone = event.device, event.zone
    return step


def hear(plan: Plan, state: AbsenceState, key: Key, event: Event, now: datetime) -> Step:
    stored = is_stored(plan, state)
    state.heard_at = now if state.heard_at is None else max(now, state.heard_at)
    state.never = False
    if not state.firing:
        return Step(state, changed=stored)
    state.firing = False
    return Step(state, plan.finding(key, "resolved", plan.params.severity, now, event=event))


def fire(plan: Plan, state: AbsenceState, key: Key, at: datetime) -> Step:
    """It was silent for too long, or it is watched no longer."""
    subject = Subject(str(plan.kinds[0]) if plan.kinds else "device_offline", state.device, state.zone)
    severity = plan.params.severity
    if state.gone:
        over = plan.finding(key, "resolved", severity, at, subject=subject)
        return Step(None, over if state.firing else None)
    state.firing = True
    detail = {"silent_since": state.heard_at.isoformat()} if state.heard_at is not None else {}
    return Step(state, plan.finding(key, "firing", severity, at, edge=True, subject=subject, detail=detail))


def due(plan: Plan, state: AbsenceState, key: Key) -> datetime | None:
    if state.heard_at is None:
        return None
    if state.gone:
        return state.heard_at
    return None if state.firing else plan.opening(key, state.heard_at + plan.params.silent_for)


def deafen(plan: Plan, state: AbsenceState, deaf: Deafness) -> bool:
    """Nobody could be heard, so nobody was silent."""
    if state.firing or state.heard_at is None or state.heard_at >= deaf.end:
        return False
    if deaf.afresh:
        state.heard_at = deaf.end
    else:
        state.heard_at += deaf.end - max(deaf.start, state.heard_at)
    return is_stored(plan, state)


def check(match: dict[str, Any], _params: Params) -> tuple[list[Any], list[Any]]:
    problems: list[Any] = []
    if "kind" not in match:
        for name in match:
            if name not in DEVICE_FIELDS:
                reason = "silence of a device is matched by school, device, zone or format; or name a kind"
                problems.append((("match", name), reason))
    elif named(match, "kind") is None:
        problems.append((("match", "kind"), "silence of a kind needs the kind itself, not {not: ...}"))
    return problems, []


KIND = RuleKind(
    params=Params,
    state=AbsenceState,
    observe=observe,
    fire=fire,
    due=due,
    deafen=deafen,
    prepare=prepare,
    check=check,
    watches=watches,
    is_stored=is_stored,
)
