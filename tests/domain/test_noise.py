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
    assert len(loudness.hear(said(25, 3600), at(3600)).judged) == 10


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


@pytest.mark.parametrize("batch", [1, 60, 360])
def test_a_spool_that_is_emptied_after_an_outage_is_no_flood(batch: int) -> None:
    # Six hours of one event a minute come within a second; its own times say what it was.
    spool = said(360, 6 * 3600, every=60)
    loudness = Loudness(RATION)
    judged = 0
    for start in range(0, len(spool), batch):
        heard = loudness.hear(spool[start : start + batch], at(6 * 3600))
        judged += len(heard.judged)
        assert heard.told == []
    assert judged == 360


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_how_a_flood_is_cut_into_batches_changes_nothing(batch: int) -> None:
    flood = [*said(100), *said(100, 30, device="cam-2"), *said(50, 30)]
    loudness = Loudness(RATION)
    judged: list[Event] = []
    for start in range(0, len(flood), batch):
        some = flood[start : start + batch]
        judged += loudness.hear(some, some[-1].received_at).judged
    assert [sum(one.device == name for one in judged) for name in ("cam-1", "cam-2")] == [20, 10]


def test_times_of_a_broken_clock_bring_no_ration_back() -> None:
    loudness = Loudness(RATION)
    judged = 0
    for n in range(10):
        batch = said(10)
        for event in batch:
            event.told_at = at(86400.0 * (n % 3 * 365 + n))
        judged += len(loudness.hear(batch, at(0)).judged)
    assert judged == 10
