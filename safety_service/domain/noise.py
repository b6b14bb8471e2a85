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
MOST_BUCKETS = 100_000
SERVICE = "service"
KIND = "noisy_device"

Key = tuple[str, str, str]
"""School, device and kind."""
_key = attrgetter("school", "device", "kind")


class Ration(msgspec.Struct, frozen=True):
    """`burst` events at once, and `per_minute` on average, of one kind from one device."""

    burst: int = 600
    per_minute: int = 300


class Bucket(msgspec.Struct):
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
    """How much each device has said lately. In memory only: after a restart every ration is whole."""

    def __init__(self, ration: Ration) -> None:
        self._ration = ration
        self._buckets: dict[Key, Bucket] = {}
        self._noisy: dict[tuple[str, str], Noisy] = {}

    def hear(self, new: Sequence[Event], now: datetime) -> Heard:
        """Splits a batch, in its order. Costs next to nothing as long as nobody is loud."""
        over = self._over(new)
        judged = list(new)
        if over:
            held: Counter[Key] = Counter()
            judged = [event for event in new if not self._is_held(event, over, held)]
            self._note(held, now)
        return Heard(judged, self._told(now) if self._noisy else [])

    def _over(self, new: Sequence[Event]) -> dict[Key, int]:
        """How many events of whom the rules may still see, where that is less than there are."""
        over: dict[Key, int] = {}
        keys = list(map(_key, new))
        latest = dict(zip(keys, new, strict=True))
        for key, count in Counter(keys).items():
            left = self._take(key, count, _time_of(latest[key]))
            if left < count and key[2] not in LIFE_SAFETY_KINDS and latest[key].format != SERVICE:
                over[key] = left
        return over

    def _take(self, key: Key, count: int, at: datetime) -> int:
        burst, per_second = self._ration.burst, self._ration.per_minute / 60
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= MOST_BUCKETS:
                self._let_go(at)
            bucket = self._buckets[key] = Bucket(float(burst), at)
        elif at > bucket.at:
            bucket.left = min(burst, bucket.left + (at - bucket.at).total_seconds() * per_second)
            bucket.at = at
        taken = min(count, int(bucket.left))
        bucket.left -= taken
        return taken

    @staticmethod
    def _is_held(event: Event, over: dict[Key, int], held: Counter[Key]) -> bool:
        key = _key(event)
        left = over.get(key)
        if left is None or event.phase == "end":
            return False
        if left > 0:
            over[key] = left - 1
            return False
        held[key] += 1
        return True

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

    def _let_go(self, at: datetime) -> None:
        """Memory follows the devices that speak: a bucket that has filled up again need not be known."""
        full = timedelta(minutes=self._ration.burst / self._ration.per_minute)
        self._buckets = {key: one for key, one in self._buckets.items() if at - one.at < full}


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
