"""Rules alone, in memory: how fast a thousand of them judge, and what those that look elsewhere cost."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from safety_service.domain.rules.engine import Engine
from safety_service.domain.rules.loading import load_rules
from safety_service.domain.types import DeviceSeen, Event
from tests.benchmarks.scene import Bench
from tests.benchmarks.table import Row, at_least, told

RULES, LOOKING = 1_000, 20
"""All the rules, and those among them that look at the kinds which the events have."""
REQUIRED = 100_000
AS_CHEAP = 0.9
SCHOOLS, DEVICES_OF_EACH = 250, 80
HEARD = ("temperature", "motion", "person", "humidity")
ELSEWHERE = (
    "smoke",
    "co2",
    "noise",
    "vehicle",
    "loitering",
    "door_open",
    "battery",
    "vibration",
    "fight",
    "crowd",
)
ZONES = ("gate", "kitchen", "cold_store", "dormitory")
BATCH = 10_000
BEGIN = datetime(2026, 9, 1, tzinfo=UTC)


def measure(bench: Bench) -> list[Row]:
    count = bench.sizes.judged_events
    bench.say(f"judging {count:,} events")
    events = [_event(number) for number in range(count)]
    few, many = 0.0, 0.0
    for _ in range(bench.sizes.judged_rounds):
        # In turn, for the machine is not the same from one moment to the next.
        few, many = max(few, _judged(LOOKING, events)), max(many, _judged(RULES, events))
    return [
        told(f"judge: {LOOKING} rules", few, "events/s"),
        at_least(
            f"judge: {RULES:,} rules, {SCHOOLS * DEVICES_OF_EACH:,} devices", many, "events/s", REQUIRED
        ),
        at_least(
            f"judge: {RULES - LOOKING} rules more that look at other kinds",
            many,
            "events/s",
            few,
            share=AS_CHEAP,
            limit_from=f"{LOOKING} rules",
        ),
    ]


def _judged(rules: int, events: Sequence[Event]) -> float:
    """Events a second; the second round counts, when every key has its state."""
    engine = Engine(load_rules(_file(rules), "bench.yaml"))
    engine.load([], _devices())
    _round(engine, events, timedelta())
    began = time.perf_counter()
    _round(engine, events, timedelta(seconds=len(events) / 1000))
    return len(events) / (time.perf_counter() - began)


def _round(engine: Engine, events: Sequence[Event], later: timedelta) -> None:
    for event in events:
        event.received_at += later
        event.occurred_at += later
    for start in range(0, len(events), BATCH):
        batch = events[start : start + BATCH]
        engine.observe(batch, batch[-1].received_at)
        engine.drain_changes()


def _devices() -> list[DeviceSeen]:
    return [
        DeviceSeen(
            school=f"s-{number % SCHOOLS:03d}",
            device=f"d-{number:05d}",
            zone=_zone(number),
            zone_type=_zone(number),
        )
        for number in range(SCHOOLS * DEVICES_OF_EACH)
    ]


def _zone(number: int) -> str:
    return ZONES[number % len(ZONES)]


def _event(number: int) -> Event:
    device, kind = number % (SCHOOLS * DEVICES_OF_EACH), HEARD[number % 7919 % len(HEARD)]
    at = BEGIN + timedelta(milliseconds=number)
    value = {"temperature": 4.5, "humidity": 50.0}.get(kind)
    return Event(
        school=f"s-{device % SCHOOLS:03d}",
        device=f"d-{device:05d}",
        kind=kind,
        phase="pulse" if value is None else "measure",
        occurred_at=at,
        received_at=at,
        format="native",
        dedup_key=str(number),
        value=value,
        zone=_zone(device),
        zone_type=_zone(device),
    )


def _file(count: int) -> str:
    """The first LOOKING rules look at what is heard, and keep state; all others at something else."""
    rules = [_rule(number, HEARD[number % len(HEARD)], ZONES[number // 4 % 4]) for number in range(LOOKING)]
    rules += [
        _rule(number, ELSEWHERE[number % len(ELSEWHERE)], ZONES[number // 10 % 4])
        for number in range(LOOKING, count)
    ]
    return yaml.safe_dump({"rules": rules}, allow_unicode=True)


def _rule(number: int, kind: str, zone: str) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "kind": "event",
        "severity": "minor",
        "match": {"kind": kind, "zone": zone, "value": {"above": 90}},
    }
    if kind in {"temperature", "humidity"}:
        shape = {
            "kind": "threshold",
            "match": {"kind": kind, "zone": zone},
            "raise": [{"severity": "minor", "above": 90 + number % 5}],
        }
    elif number % 3 == 0:
        shape = {
            "kind": "count",
            "window": "1m",
            "match": {"kind": kind, "zone": zone},
            "raise": [{"severity": "minor", "at_least": 10_000}],
        }
    return {"id": f"bench-{number}", "title": {"zh": f"基准{number}", "en": f"Benchmark {number}"}, **shape}
