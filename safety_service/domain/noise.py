"""A ration for each device and kind, applied to what is stored already: beyond it no rule is asked.

The ration is counted on the device's own clock as far as it can be believed, so that a spool which is
emptied after an outage is not taken for a flood. Life-safety kinds have no ration, and ends are always heard.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from safety_service.domain.decoding.times import LARGEST_SKEW
from safety_service.domain.types import LIFE_SAFETY_KINDS, Event, Phase

QUIET_AFTER = timedelta(minutes=10)
"""A device that kept to its ration for so long is noisy no longer."""
TOLD_AGAIN_AFTER = timedelta(minutes=5)
SERVICE = "service"
KIND = "noisy_device"

Key = tuple[str, str, str]
"""School, device and kind."""
_key = attrgetter("school", "device", "kind")


class Ration(msgspec.Struct, frozen=True):
    """`burst` events at once, and `per_minute` on average, of one kind from one device."""

    burst: int = 600
    per_minute: int = 300

    @property
    def refills_in(self) -> timedelta:
        return timedelta(minutes=self.burst / self.per_minute)


class Bucket(msgspec.Struct):
    """What is left of a ration at an instant of the device's own time."""

    left: float
    at: datetime


class Noisy(msgspec.Struct):
    """`since`: when it was first too much; `held`: events that no rule was asked about, by kind."""

    since: datetime
    last_at: datetime
    told_at: datetime
    held: dict[str, int]


class Heard(NamedTuple):
    """What the rules may see of a batch, and what is to be told of devices that are too loud."""

    judged: list[Event]
    told: list[Event]


class Loudness:
    """How much each device has said lately. In memory only: after a restart every ration is whole.

    All are counted; only of those that said more than a ration within the time it takes to refill is it
    worked out, event by event, what is left.
    """

    def __init__(self, ration: Ration) -> None:
        self._ration = ration
        self._counted_since: datetime | None = None
        self._counts: Counter[Key] = Counter()
        self._first: dict[Key, Event] = {}
        self._buckets: dict[Key, Bucket] = {}
        self._noisy: dict[tuple[str, str], Noisy] = {}

    def hear(self, new: Sequence[Event], now: datetime) -> Heard:
        """Splits a batch, in its order. Costs next to nothing as long as nobody is loud."""
        judged = list(new)
        loud = self._loud(new, now)
        if loud:
            held: Counter[Key] = Counter()
            judged = [event for event in new if not self._is_held(event, loud, held)]
            self._note(held, now)
        return Heard(judged, self._told(now) if self._noisy else [])

    def _loud(self, new: Sequence[Event], now: datetime) -> dict[Key, int]:
        """Who may have used up a ration, with how much was said before this batch."""
        since = self._counted_since
        if since is None or not timedelta(0) <= now - since < self._ration.refills_in:
            self._counted_since = now
            self._counts.clear()
            self._first.clear()
            self._let_go()
        keys = list(map(_key, new))
        for key, event in zip(keys, new, strict=True):
            self._first.setdefault(key, event)
        # Only who is in the batch is looked at: the others may be tens of thousands.
        said = Counter(keys)
        self._counts.update(said)
        return {
            key: self._counts[key] - count
            for key, count in said.items()
            if key in self._buckets or self._counts[key] > self._ration.burst
        }

    def _is_held(self, event: Event, loud: dict[Key, int], held: Counter[Key]) -> bool:
        key = _key(event)
        before = loud.get(key)
        if before is None or event.kind in LIFE_SAFETY_KINDS or event.phase == "end":
            return False
        if event.format == SERVICE or self._takes(key, before, _time_of(event)):
            return False
        held[key] += 1
        return True

    def _takes(self, key: Key, before: int, at: datetime) -> bool:
        """Whether there is one left for an event of that time."""
        bucket = self._buckets.get(key)
        if bucket is None:
            left = max(0, self._ration.burst - before)
            bucket = self._buckets[key] = Bucket(float(left), _time_of(self._first[key]))
        if at > bucket.at:
            refill = (at - bucket.at).total_seconds() * self._ration.per_minute / 60
            bucket.left, bucket.at = min(self._ration.burst, bucket.left + refill), at
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True

    def _let_go(self) -> None:
        """Of a device that has kept quiet no more need be known than of any other."""
        self._buckets = {key: one for key, one in self._buckets.items() if key[:2] in self._noisy}

    def _note(self, held: Mapping[Key, int], now: datetime) -> None:
        for (school, device, kind), count in held.items():
            noisy = self._noisy.get((school, device))
            if noisy is None:
                noisy = self._noisy[school, device] = Noisy(now, now, now - TOLD_AGAIN_AFTER, {})
            noisy.last_at = now
            noisy.held[kind] = noisy.held.get(kind, 0) + count

    def _told(self, now: datetime) -> list[Event]:
        told = []
        for (school, device), noisy in list(self._noisy.items()):
            if now - noisy.last_at >= QUIET_AFTER:
                del self._noisy[school, device]
                told.append(_event(school, device, noisy, "end", now))
            elif noisy.last_at == now and now - noisy.told_at >= TOLD_AGAIN_AFTER:
                phase: Phase = "start" if noisy.since == now else "update"
                noisy.told_at = now
                told.append(_event(school, device, noisy, phase, now))
        return told


def _time_of(event: Event) -> datetime:
    """A device's own time as far as it can be: not later than the receipt allows."""
    told = event.told_at
    return told if told is not None and told - event.received_at <= LARGEST_SKEW else event.received_at


def _event(school: str, device: str, noisy: Noisy, phase: Phase, now: datetime) -> Event:
    event_id = f"noisy-{device}-{noisy.since.isoformat()}"
    attributes: dict[str, Any] = {"held_back": dict(noisy.held)}
    return Event(
        school=school,
        device=device,
        kind=KIND,
        phase=phase,
        occurred_at=now,
        received_at=now,
        format=SERVICE,
        dedup_key=f"{event_id}|{phase}|{now.isoformat()}",
        event_id=event_id,
        attributes=attributes,
    )
