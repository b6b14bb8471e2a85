"""The nouns every layer shares: messages, events, findings and what happens to alerts."""

from datetime import datetime
from typing import Any, Literal

import msgspec

Phase = Literal["start", "update", "end", "pulse", "state", "measure"]
Severity = Literal["critical", "major", "minor", "warning"]
Condition = Literal["firing", "resolved"]
Disposition = Literal["confirmed", "false_alarm", "drill", "test", "duplicate"]
Origin = Literal["mqtt", "http", "service"]
Change = Literal[
    "raised",
    "severity_raised",
    "resolved",
    "reopened",
    "acknowledged",
    "assigned",
    "commented",
    "closed",
    "escalated",
]

PHASES: tuple[Phase, ...] = ("start", "update", "end", "pulse", "state", "measure")
DISPOSITIONS: tuple[Disposition, ...] = ("confirmed", "false_alarm", "drill", "test", "duplicate")
SEVERITIES: tuple[Severity, ...] = ("critical", "major", "minor", "warning")
"""Highest first: I red, II orange, III yellow, IV blue."""
SEVERITY_RANK: dict[str, int] = {"critical": 4, "major": 3, "minor": 2, "warning": 1}

LIFE_SAFETY_KINDS = frozenset({"panic_button", "fire", "smoke", "gas_leak"})
"""Never rate-limited, never suppressed by a calendar, every press counts (alerting rule 10)."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it came in, before anything was read from it.

    `position` numbers the messages of a partition without gaps; 0 before it is stored.
    `origin` tells the service's own messages from a device's: a topic alone proves nothing.
    """

    topic: str
    payload: bytes
    received_at: datetime
    qos: int = 0
    retained: bool = False
    origin: Origin = "mqtt"
    position: int = 0


class Event(msgspec.Struct, kw_only=True):
    """What a device reported, in the project's own vocabulary (times are aware, in UTC).

    `dedup_key` is unique for a school and device: the same news sent twice has the same key, two presses of
    a panic button never do. `event_id` joins start, update and end of one lasting event.
    `told_at` is the device's own time of the news, believed or not: the same each time it is sent, and with
    `dedup_key` what tells news from a repeat. None where the payload brings no time.
    """

    school: str
    device: str
    kind: str
    phase: Phase
    occurred_at: datetime
    received_at: datetime
    format: str
    dedup_key: str
    event_id: str | None = None
    value: float | None = None
    unit: str | None = None
    severity_hint: str | None = None
    zone: str | None = None
    zone_type: str | None = None
    snapshot_url: str | None = None
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)
    retained: bool = False
    clock_suspect: bool = False
    source_time: str | None = None
    sequence: int | None = None
    gateway: str | None = None
    told_at: datetime | None = None
    position: int = 0
    """Number of the message it came in, 0 outside the pipeline."""


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A message (or one part of it) that could not be read: a value, never an exception.

    `reason` is a stable word, `place` where it went wrong (`data.phase`, `[3].id`, `byte 17`),
    `detail` one sentence for the operator. `only_image`: the event is kept, its image is not.
    """

    reason: str
    place: str
    detail: str
    only_image: bool = False


class DeviceSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry knows about one device, as the pure core is told it.

    `gateway`: behind which it was heard last. `clock_offset`: by how many seconds its clock is ahead, once
    that is known (`domain.clocks`).
    """

    school: str
    device: str
    zone: str | None = None
    zone_type: str | None = None
    format: str | None = None
    last_seen_at: datetime | None = None
    registered: bool = True
    gateway: str | None = None
    clock_offset: float | None = None


class Subject(msgspec.Struct, frozen=True):
    """What a finding that no event brought is about: known from the last reading, or from the registry."""

    kind: str
    device: str | None = None
    zone: str | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says about one key at one instant; the alert lifecycle decides what becomes of it.

    `edge`: the rule's own state turned firing with this finding. `by_timer`: no event brought it, only time
    passing; such a finding never brings back an alert that a person closed.
    `late`: it happened before what resolved the alert of its key. `subject` stands in for an absent `event`.
    `matches`: how many matches stand behind a new alert. `repeats`: the event says only what was known, and
    brings back a closed alert as little as time does.
    """

    rule: str
    key: tuple[str, ...]
    condition: Condition
    severity: Severity
    at: datetime
    edge: bool
    by_timer: bool
    event: Event | None = None
    late: bool = False
    detail: dict[str, Any] = msgspec.field(default_factory=dict)
    subject: Subject | None = None
    matches: int = 1
    repeats: bool = False


class Alert(msgspec.Struct, kw_only=True):
    """One alert on its two axes: `condition` is the world, acknowledged/closed are the people.

    `id` is 0 until the store has numbered it.
    """

    id: int
    rule: str
    rule_version: str
    key: tuple[str, ...]
    school: str
    kind: str
    title: dict[str, str]
    severity: Severity
    condition: Condition
    raised_at: datetime
    last_seen_at: datetime
    count: int = 1
    device: str | None = None
    zone: str | None = None
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    assignee: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    disposition: str | None = None
    suppressed_by: str | None = None
    snapshot_url: str | None = None
    detail: dict[str, Any] = msgspec.field(default_factory=dict)


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one alert, as the history keeps it; `actor` is a user name, or `system`."""

    change: Change
    at: datetime
    severity: Severity
    condition: Condition
    actor: str = "system"
    reason: str | None = None
    comment: str | None = None
    detail: dict[str, Any] = msgspec.field(default_factory=dict)


class AlertChange(msgspec.Struct, kw_only=True):
    """An alert after a step, with what of it goes into the history (empty when only its count moved).

    `order`: for each transition the place of its finding in the batch, empty where it came from no batch.
    """

    alert: Alert
    transitions: list[Transition] = msgspec.field(default_factory=list)
    order: list[int] = msgspec.field(default_factory=list)
