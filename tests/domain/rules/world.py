"""Short spellings for tests of rules: a rule file from its essentials, an event from minutes."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from safety_service.domain.rules.engine import Engine
from safety_service.domain.rules.loading import load_rules
from safety_service.domain.rules.model import RuleSet
from safety_service.domain.types import DeviceSeen, Event, Finding

START = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)  # a Tuesday
_numbers = count(1)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def rules(*bodies: str, top: str = "") -> RuleSet:
    """Rules r1, r2 ... of the given flow-style bodies: `kind: event, severity: minor`."""
    lines = [f"  - {{id: r{n}, title: {{zh: 甲, en: A}}, {body}}}" for n, body in enumerate(bodies, 1)]
    return load_rules("\n".join([top, "rules:", *lines]), "rules.yaml")


def engine(*bodies: str, **options: Any) -> Engine:
    return Engine(rules(*bodies), **options)


def event(minutes: float, kind: str = "intrusion", phase: str = "pulse", **fields: Any) -> Event:
    """An event received at `minutes`; `occurred` (minutes) where it happened at another time."""
    occurred = fields.pop("occurred", minutes)
    content: dict[str, Any] = {"school": "s-1", "device": "d-1", "format": "native"} | fields
    return Event(
        kind=kind,
        phase=phase,  # type: ignore[arg-type]
        occurred_at=at(occurred),
        received_at=at(minutes),
        dedup_key=str(next(_numbers)),
        **content,
    )


def reading(minutes: float, value: float, **fields: Any) -> Event:
    return event(
        minutes, fields.pop("kind", "temperature"), fields.pop("phase", "measure"), value=value, **fields
    )


def device(name: str = "d-1", **fields: Any) -> DeviceSeen:
    return DeviceSeen(**({"school": "s-1", "device": name, "format": "native"} | fields))


def told(findings: list[Finding]) -> list[tuple[float, str, str]]:
    """(minute, condition, severity), with `late` and a repeat marked."""
    shown: list[tuple[float, str, str]] = []
    for one in findings:
        mark = "late" if one.late else one.condition if one.edge or one.condition == "resolved" else "again"
        shown.append(((one.at - START) / timedelta(minutes=1), mark, one.severity))
    return shown


def play(running: Engine, events: list[Event], until: float) -> list[tuple[float, str, str]]:
    """All events at once, then time until the given minute."""
    findings = running.observe(events, at(until))
    return told(findings + running.tick(at(until)))
