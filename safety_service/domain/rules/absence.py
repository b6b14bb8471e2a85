"""Rule kind `absence`: a registered device, or a kind of event, was not heard of for too long.

Silence is judged on receive time. When a watched device was last heard is kept by the registry, so hearing
it changes nothing that has to be stored; a device that was never heard, and a kind of event, have their own
row. With `offline_for` a rule on a kind also believes last wills: whatever has the same key, a school or what
stands behind a gateway, is gone once all its connections are (`wills`).
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from safety_service.domain.rules import wills
from safety_service.domain.rules.durations import PositiveDuration
from safety_service.domain.rules.matching import Matcher, compile_match, named
from safety_service.domain.rules.model import Rule, SeverityName, Strict
from safety_service.domain.rules.plan import Deafness, Key, Plan, RuleKind, Step
from safety_service.domain.types import DeviceSeen, Event, Subject

DEVICE_FIELDS = frozenset({"school", "device", "zone", "format"})


class Params(Strict):
    severity: SeverityName
    silent_for: PositiveDuration
    offline_for: PositiveDuration | None = None


class AbsenceState(msgspec.Struct, tag="absence", forbid_unknown_fields=True, omit_defaults=True):
    """`heard_at` None: watched, and nothing tells since when; the first known instant counts.

    `never`: `heard_at` is when watching began. `gone`: not watched any more, what fires is to be resolved.
    `lines`, `offline` and `gone_at` are for `wills`.
    """

    heard_at: datetime | None = None
    firing: bool = False
    never: bool = False
    gone: bool = False
    device: str | None = None
    zone: str | None = None
    gateway: str | None = None
    lines: list[str] = []
    offline: list[str] = []
    gone_at: datetime | None = None


def kinds_of(rule: Rule) -> list[Any] | None:
    """The kinds that a rule on a kind has to see: those it names, and the wills that it believes."""
    kinds = named(rule.match, "kind")
    if kinds is None or rule.params.offline_for is None or wills.OFFLINE in kinds:
        return kinds
    return [*kinds, wills.OFFLINE]


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
    state.device, state.zone, state.gateway = device.device, device.zone, device.gateway
    return state


def observe(plan: Plan, state: AbsenceState | None, event: Event, now: datetime) -> Step | None:
    """An event of the named kind, or a last will; rules on devices are told by `hear`."""
    if plan.kinds is None:
        return None
    is_status = plan.params.offline_for is not None and event.kind == wills.OFFLINE
    if not (is_status and wills.is_own(event) and plan.compiled(event)):
        if event.retained or not plan.matches(event):
            return None
        is_status = False
    key = plan.key_of(event)
    if "gateway" in plan.key and not key[plan.key.index("gateway")]:
        return None
    state = state or AbsenceState()
    if is_status:
        return _status(plan, state, key, event, now)
    if plan.params.offline_for is not None:
        wills.heard(state, event)
    step = hear(plan, state, key, event, now)
    step.state.device, step.state.zone, step.state.gateway = event.device, event.zone, event.gateway
    return step


def _status(plan: Plan, state: AbsenceState, key: Key, event: Event, now: datetime) -> Step | None:
    """A connection that says that it stands, or whose last will was published."""
    if event.phase == "start":
        return Step(state) if wills.lost(state, event, now) else None
    if event.phase != "end":
        return None
    was_gone = state.gone_at is not None
    changed = wills.heard(state, event)
    if not state.firing or (event.retained and not was_gone):
        # That it is connected, as the broker keeps it, is no sign of life of what has fallen silent.
        return Step(state) if changed else None
    if state.heard_at is not None:
        state.heard_at = max(now, state.heard_at)
    state.firing = False
    return Step(state, plan.finding(key, "resolved", plan.params.severity, now, event=event))


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
    subject, severity = _subject(plan, state, key), plan.params.severity
    if state.gone:
        over = plan.finding(key, "resolved", severity, at, subject=subject)
        return Step(None, over if state.firing else None)
    state.firing = True
    detail: dict[str, Any] = {}
    if state.gone_at is not None:
        detail = {"offline_since": state.gone_at.isoformat(), "connections": len(state.lines)}
    elif state.heard_at is not None:
        detail = {"silent_since": state.heard_at.isoformat()}
    found = plan.finding(
        key, "firing", severity, at, edge=True, subject=subject, detail=detail, gateway=state.gateway
    )
    return Step(state, found)


def _subject(plan: Plan, state: AbsenceState, key: Key) -> Subject:
    """The device that is silent; where many share the key, the gateway they stand behind, or none."""
    if "device" not in plan.key:
        behind = key[plan.key.index("gateway")] if "gateway" in plan.key else None
        return Subject(wills.OFFLINE, behind)
    return Subject(str(plan.kinds[0]) if plan.kinds else wills.OFFLINE, state.device, state.zone)


def due(plan: Plan, state: AbsenceState, key: Key) -> datetime | None:
    if state.gone:
        return state.heard_at
    if state.firing:
        return None
    silence = None if state.heard_at is None else state.heard_at + plan.params.silent_for
    if state.gone_at is not None and plan.params.offline_for is not None:
        silence = min(state.gone_at + plan.params.offline_for, silence or datetime.max.replace(tzinfo=UTC))
    return None if silence is None else plan.opening(key, silence)


def deafen(plan: Plan, state: AbsenceState, deaf: Deafness) -> bool:
    """Nobody could be heard, so nobody was silent, and nobody could say that the connection is back."""
    if state.firing:
        return False
    moved = False
    for name in ("heard_at", "gone_at"):
        since = getattr(state, name)
        if since is not None and since < deaf.end:
            setattr(state, name, deaf.end if deaf.afresh else since + (deaf.end - max(deaf.start, since)))
            moved = True
    return moved and is_stored(plan, state)


def check(match: dict[str, Any], params: Params) -> tuple[list[Any], list[Any]]:
    problems: list[Any] = []
    if params.offline_for is not None and "kind" not in match:
        reason = "last wills are believed beside the silence of a kind; name one, such as heartbeat"
        problems.append((("offline_for",), reason))
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
    kinds_of=kinds_of,
)
