"""Rations: who keeps to theirs is never held, who does not is told of once, life is never rationed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safety_service.domain.noise import Loudness, Ration
from safety_service.domain.types import Event

NOW = datetime(2026, 9, 1, tzinfo=UTC)
RATION = Ration(burst=10, per_minute=60)


def said(count: int, seconds: float = 0.0, *, every: float = 0.0, **fields: Any) -> list[Event]:
    """Events received at `seconds`; the device's own times are `every` seconds apart, where that is given."""
    content: dict[str, Any] = {"device": "cam-1", "kind": "motion", "phase": "pulse", "format": "native"}
    received = NOW + timedelta(seconds=seconds)
    return [
        Event(
            school="s-1",
            occurred_at=received,
            received_at=received,
            dedup_key=f"{seconds}-{n}",
            told_at=received - timedelta(seconds=every * (count - 1 - n)) if every else None,
            **{**content, **fields},
        )
        for n in range(count)
    ]


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_flood_is_held_beyond_the_ration_and_told_once() -> None:
    loudness = Loudness(RATION)
    judged, told = loudness.hear(said(25), at(0))
    assert (len(judged), [(one.kind, one.phase) for one in told]) == (10, [("noisy_device", "start")])
    assert told[0].attributes == {"held_back": {"motion": 15}}
    judged, told = loudness.hear(said(25, 5), at(5))
    assert (len(judged), told) == (5, [])


def test_it_is_told_that_it_goes_on_and_that_it_is_over() -> None:
    loudness = Loudness(RATION)
    phases = []
    for minute in range(0, 20):
        loud = said(100, minute * 60) if minute <= 8 else []
        phases += [(minute, one.phase, one.event_id) for one in loudness.hear(loud, at(minute * 60)).told]
    assert [one[:2] for one in phases] == [(0, "start"), (5, "update"), (18, "end")]
    assert len({one[2] for one in phases}) == 1


@pytest.mark.parametrize(
    "fields",
    [{"kind": "smoke"}, {"kind": "panic_button"}, {"phase": "end"}, {"format": "service"}],
)
def test_life_and_ends_and_the_service_itself_have_no_ration(fields: dict[str, Any]) -> None:
    assert len(Loudness(RATION).hear(said(100, **fields), at(0)).judged) == 100


def test_each_device_and_each_kind_has_its_own_ration() -> None:
    batch = [*said(10), *said(10, device="cam-2"), *said(10, kind="person")]
    assert Loudness(RATION).hear(batch, at(0)).judged == batch


def test_a_spool_that_is_emptied_after_an_outage_is_no_flood() -> None:
    loudness = Loudness(RATION)
    loudness.hear(said(1), at(0))
    for part in range(10):
        # An hour of one event a minute comes in a second; its own times say so.
        spool = said(6, 3600, every=60)
        for event in spool:
            event.told_at = at(360 * part + 60 * spool.index(event))
        assert len(loudness.hear(spool, at(3600)).judged) == 6
    assert loudness.hear([], at(3600)).told == []


def test_times_of_a_broken_clock_bring_no_ration_back() -> None:
    loudness = Loudness(RATION)
    judged = 0
    for n in range(10):
        batch = said(10)
        for event in batch:
            event.told_at = at(86400.0 * (n % 3 * 365 + n))
        judged += len(loudness.hear(batch, at(0)).judged)
    assert judged == 10
