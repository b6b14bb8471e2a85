"""What a gateway's numbers tell: up to where all is committed, what is missing below, and when to give it up.

A receipt never passes an open gap because time went by: what is missing may lie in the spool of a gateway
without power. Only a gateway that was heard for ten minutes and still did not resend has lost it.
"""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from safety_service.domain.types import Event, Phase

FIRST_CONTACT_WAIT = timedelta(seconds=10)
GAP_TOLD_AFTER = timedelta(seconds=60)
GIVEN_UP_AFTER_SECONDS = 600.0
LONGEST_PAUSE_SECONDS = 60.0
MOST_RANGES = 1_000
_NOTHING, _SHORT = timedelta(0), timedelta(seconds=1)

Key = tuple[str, str]
"""School and gateway."""


class Numbered(msgspec.Struct, frozen=True):
    """A number of which the bytes are committed though no event came of it."""

    school: str
    gateway: str
    sequence: int
    received_at: datetime
    retained: bool = False


class Numbering(msgspec.Struct, kw_only=True):
    """What is known of one gateway's numbers.

    `covered`: all up to it have come, -1 while nothing is; `beyond`: ranges [first, last] that came above it,
    sorted, never touching. `first_at`: when the first number came, as long as lower ones are waited for.
    `gap_since`: since when the lowest gap has stood unchanged; `heard_seconds`: how long the gateway was
    heard since then. `gap_told`: [first, last] of the gap that was told and has not ended.
    `asked_again`: a covered number was repeated, so the gateway seems not to know its receipt.
    """

    school: str
    gateway: str
    covered: int = -1
    beyond: list[list[int]] = msgspec.field(default_factory=list)
    first_at: datetime | None = None
    gap_since: datetime | None = None
    heard_seconds: float = 0.0
    gap_told: list[int] | None = None
    heard_at: datetime | None = None
    asked_again: bool = False

    @property
    def key(self) -> Key:
        return self.school, self.gateway

    @property
    def gap(self) -> tuple[int, int] | None:
        """First and last number of the lowest gap."""
        if not self.beyond or self.first_at is not None:
            return None
        return self.covered + 1, self.beyond[0][0] - 1

    @property
    def is_open(self) -> bool:
        """Whether time alone can change something here, or a told gap has yet to end."""
        return self.first_at is not None or self.gap_since is not None or self.gap_told is not None


class Lost(NamedTuple):
    """Numbers that were given up, both ends included."""

    school: str
    gateway: str
    first: int
    last: int


class Ticked(NamedTuple):
    """What time brought: states that changed, events to tell, ranges given up."""

    changed: list[Numbering]
    events: list[Event]
    lost: list[Lost]


def observe(states: dict[Key, Numbering], batch: Iterable[Event | Numbered]) -> dict[Key, Numbering]:
    """Takes in all that was decoded, in order of receipt, repeats included; returns the states it touched.

    New gateways are added to `states`. What carries no gateway or no sequence is passed over.
    """
    touched: dict[Key, Numbering] = {}
    for event in batch:
        number, gateway = event.sequence, event.gateway
        if number is None or gateway is None:
            continue
        key = (event.school, gateway)
        state = touched.get(key)
        if state is None:
            state = states.get(key)
            if state is None:
                state = states[key] = Numbering(school=event.school, gateway=gateway)
            touched[key] = state
        if number == state.covered + 1 and state.gap_since is None and state.covered >= 0:
            state.covered = number
            state.heard_at = event.received_at
        else:
            _take(state, number, event)
    return touched


def tick(open_states: Iterable[Numbering], now: datetime) -> Ticked:
    """What time brings to the gateways that have something open (`is_open`); the others need no look."""
    result = Ticked([], [], [])
    for state in open_states:
        before = (state.covered, state.first_at, state.gap_since, state.gap_told)
        _no_future(state, now)
        if state.first_at is not None and now - state.first_at >= FIRST_CONTACT_WAIT:
            _start_at(state, state.beyond[0][0] - 1, now)
        if state.gap_told is not None and state.covered >= state.gap_told[1]:
            result.events.append(_end_of_gap(state, now))
        if state.gap_since is not None:
            _judge_gap(state, state.gap_since, now, result)
        if before != (state.covered, state.first_at, state.gap_since, state.gap_told):
            result.changed.append(state)
    return result


def _take(state: Numbering, number: int, event: Event | Numbered) -> None:
    at, beyond = event.received_at, state.beyond
    if not event.retained:  # a retained message is the broker's voice, not the gateway's
        _hear(state, at)
    if number <= state.covered:
        state.asked_again = True
    elif beyond and number == beyond[-1][1] + 1:
        beyond[-1][1] = number  # what follows a gap, as nearly all does while one is open
    else:
        _insert(beyond, number)
        if state.covered >= 0:
            _absorb(state, at)
        elif number <= 1:
            _start_at(state, number - 1, at)
        elif state.first_at is None:
            state.first_at = at


def _hear(state: Numbering, at: datetime) -> None:
    """While a gap is open, pauses under a second are summed up by leaving `heard_at` where it is."""
    heard, since = state.heard_at, state.gap_since
    if heard is not None and since is not None:
        if _NOTHING <= at - heard < _SHORT:
            return
        pause = (at - max(heard, since)).total_seconds()
        state.heard_seconds += min(max(pause, 0.0), LONGEST_PAUSE_SECONDS)
    state.heard_at = at


def _insert(ranges: list[list[int]], number: int) -> None:
    """Adds one number; where the ranges get too many, the highest go: what is not covered will be resent."""
    place = bisect_left(ranges, number, key=lambda span: span[1])
    if place < len(ranges) and ranges[place][0] <= number:
        return
    joins_left = place > 0 and ranges[place - 1][1] == number - 1
    joins_right = place < len(ranges) and ranges[place][0] == number + 1
    if joins_left and joins_right:
        ranges[place - 1][1] = ranges.pop(place)[1]
    elif joins_left:
        ranges[place - 1][1] = number
    elif joins_right:
        ranges[place][0] = number
    else:
        ranges.insert(place, [number, number])
        del ranges[MOST_RANGES:]


def _start_at(state: Numbering, base: int, at: datetime) -> None:
    state.first_at = None
    state.covered = base
    _absorb(state, at)


def _absorb(state: Numbering, at: datetime) -> None:
    """Moves `covered` as far as the ranges reach. Any progress starts the time of the lowest gap anew."""
    beyond, covered = state.beyond, state.covered
    while beyond and beyond[0][0] <= state.covered + 1:
        state.covered = max(state.covered, beyond.pop(0)[1])
    if not beyond:
        state.gap_since = None
        state.heard_seconds = 0.0
    elif state.gap_since is None or state.covered != covered:
        state.gap_since = at
        state.heard_seconds = 0.0


def _judge_gap(state: Numbering, since: datetime, now: datetime, result: Ticked) -> None:
    gives_up = state.heard_seconds >= GIVEN_UP_AFTER_SECONDS
    gap = state.gap
    if gap is None:
        return
    if state.gap_told is None and (gives_up or now - since >= GAP_TOLD_AFTER):
        state.gap_told = list(gap)
        result.events.append(_gap_event(state, "start", state.gap_told, now))
    if gives_up:
        result.lost.append(Lost(state.school, state.gateway, *gap))
        result.events.append(_end_of_gap(state, now, given_up=True))
        _start_at(state, gap[1], now)


def _end_of_gap(state: Numbering, now: datetime, *, given_up: bool = False) -> Event:
    told = state.gap_told or []
    state.gap_told = None
    return _gap_event(state, "end", told, now, given_up=given_up)


def _gap_event(
    state: Numbering, phase: Phase, gap: list[int], now: datetime, *, given_up: bool = False
) -> Event:
    first, last = gap
    event_id = f"gap-{state.gateway}-{first}"
    attributes = {"first_missing": first, "last_missing": last}
    return Event(
        school=state.school,
        device=state.gateway,
        kind="sequence_gap",
        phase=phase,
        occurred_at=now,
        received_at=now,
        format="service",
        dedup_key=f"{event_id}|{phase}",
        event_id=event_id,
        attributes=attributes | {"given_up": True} if given_up else attributes,
    )


def _no_future(state: Numbering, now: datetime) -> None:
    """A clock that was set back must not make anybody wait for the time it came from."""
    if state.first_at is not None and state.first_at > now:
        state.first_at = now
    if state.gap_since is not None and state.gap_since > now:
        state.gap_since = now
