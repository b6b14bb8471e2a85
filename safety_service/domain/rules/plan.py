"""A rule compiled for the hot path, and what the rule kinds hand to the engine and get from it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

import msgspec

from safety_service.domain.calendars import Calendar, is_active, next_change
from safety_service.domain.rules.matching import Matcher, compile_match, named
from safety_service.domain.rules.model import Rule, compile_key
from safety_service.domain.types import (
    LIFE_SAFETY_KINDS,
    Condition,
    DeviceSeen,
    Event,
    Finding,
    Severity,
    Subject,
)

Key = tuple[str, ...]
REMEMBERED_FOR = timedelta(days=7)
"""How long the end of something is remembered, so that late news of it is recognised."""


class Zones(NamedTuple):
    """The time zone of each school, and the one of all others."""

    of: Mapping[str, tzinfo]
    default: tzinfo

    def __call__(self, school: str) -> tzinfo:
        return self.of.get(school, self.default)


class Step(NamedTuple):
    """What a rule made of an event or a timer: its next state (None: nothing to remember), what it found,
    and whether the state has to be stored."""

    state: Any
    finding: Finding | None = None
    changed: bool = True


class Deafness(NamedTuple):
    """The service was down (`restart`) or its broker link lost; `afresh`: too long to keep counting."""

    start: datetime
    end: datetime
    restart: bool
    afresh: bool

    def moved(self, due: datetime, length: timedelta) -> datetime:
        """A pending timer after the downtime; `length` is its full length, for counting afresh."""
        return self.end + length if self.afresh else due + (self.end - self.start)


class Plan:
    """One enabled rule with everything about it that can be worked out before the first event."""

    __slots__ = (
        "calendar",
        "compiled",
        "inside",
        "key",
        "key_of",
        "kinds",
        "matches",
        "params",
        "rule",
        "school_at",
        "tells_gateway",
        "zones",
    )

    def __init__(self, rule: Rule, calendars: Mapping[str, Calendar], zones: Zones) -> None:
        name = rule.active or rule.outside
        self.rule = rule
        self.params: Any = rule.params
        self.matches: Matcher = compile_match(rule.match)
        self.key = rule.key
        self.key_of: Callable[[Event], Key] = compile_key(rule.key)
        self.school_at = rule.key.index("school")
        # An inhibition may ask behind which gateway a device is, which no key says.
        self.tells_gateway = any("gateway" in one.equal for one in rule.inhibited_by)
        self.kinds: list[Any] | None = None
        self.calendar = calendars[name] if name is not None else None
        self.inside = rule.active is not None
        self.zones = zones
        self.compiled: Any = None

    def is_open(self, school: str, at: datetime) -> bool:
        """Whether the rule's calendar lets it raise at that instant."""
        return self.calendar is None or is_active(self.calendar, at, self.zones(school)) is self.inside

    def admits(self, event: Event) -> bool:
        """Whether the calendar lets this event raise; it never holds back a life-safety kind."""
        return (
            self.calendar is None
            or event.kind in LIFE_SAFETY_KINDS
            or self.is_open(event.school, event.occurred_at)
        )

    def opening(self, key: Key, due: datetime) -> datetime | None:
        """The first instant from `due` on at which the calendar lets the rule raise."""
        school = key[self.school_at]
        if self.calendar is None or self.is_open(school, due):
            return due
        return next_change(self.calendar, due, self.zones(school))

    def finding(
        self,
        key: Key,
        condition: Condition,
        severity: Severity,
        at: datetime,
        *,
        edge: bool = False,
        event: Event | None = None,
        late: bool = False,
        subject: Subject | None = None,
        detail: dict[str, Any] | None = None,
        repeats: bool = False,
        gateway: str | None = None,
    ) -> Finding:
        """What the rule says of one key; brought by time alone where there is no event."""
        if self.tells_gateway and (behind := event.gateway if event is not None else gateway):
            detail = {**(detail or {}), "gateway": behind}
        return Finding(
            rule=self.rule.id,
            key=key,
            condition=condition,
            severity=severity,
            at=at,
            edge=edge,
            by_timer=event is None,
            event=event,
            late=late,
            detail=detail or {},
            subject=subject,
            repeats=repeats,
        )


def _kinds_of_match(rule: Rule) -> list[Any] | None:
    return named(rule.match, "kind")


def _no_key(_plan: Plan, _device: DeviceSeen) -> Key | None:
    return None


class RuleKind(NamedTuple):
    """A kind of rule: plain functions over its own state struct.

    `observe` is asked for every event that could match (None: nothing to do), `fire` when `due` has come,
    `deafen` says whether a downtime changed the state. `prepare` works out once what `observe` needs; `check`
    returns problems and warnings of the parameters as (path, reason). `adapt` fits a stored state to a rule
    whose numbers were changed; `watches` names the key under which a registered device is watched;
    `is_stored` says whether a row is needed for a state; `kinds_of` names the kinds of events that a rule
    looks at, None where it looks at all. `identity`: what every key of this kind holds beside the school, and
    what makes the key where the rule names none.
    """

    params: type[Any]
    state: type[msgspec.Struct]
    observe: Callable[[Plan, Any, Event, datetime], Step | None]
    fire: Callable[[Plan, Any, Key, datetime], Step]
    due: Callable[[Plan, Any, Key], datetime | None]
    deafen: Callable[[Plan, Any, Deafness], bool]
    prepare: Callable[[Rule], Any]
    check: Callable[[dict[str, Any], Any], tuple[list[Any], list[Any]]]
    adapt: Callable[[Plan, Any], Any] = lambda _plan, state: state
    watches: Callable[[Plan, DeviceSeen], Key | None] = _no_key
    is_stored: Callable[[Plan, Any], bool] = lambda _plan, _state: True
    kinds_of: Callable[[Rule], list[Any] | None] = _kinds_of_match
    identity: str | None = None
