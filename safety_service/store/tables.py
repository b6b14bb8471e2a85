"""The tables of the core: message log, registry, events, alerts, history, outbox.

Natural keys (`school`, `device`) keep look-ups off the hot path. Indexes are named for what they serve.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from safety_service.store.columns import BigInt, Json, UtcTime
from safety_service.store.scope import SchoolItself, SchoolOwned


def number(**options: Any) -> Any:
    """A 64-bit primary key that the database counts up."""
    return Field(default=None, sa_column=Column(BigInt, primary_key=True, autoincrement=True), **options)


def instant(*, nullable: bool = False, **options: Any) -> Any:
    """A column of aware times."""
    if nullable:
        return Field(default=None, sa_type=UtcTime, nullable=True, **options)
    return Field(sa_type=UtcTime, nullable=False, **options)


def json_object(*, nullable: bool = False) -> Any:
    if nullable:
        return Field(default=None, sa_type=Json, nullable=True)
    return Field(default_factory=dict, sa_type=Json, nullable=False)


class Partition(SQLModel, table=True):
    """A set of schools with one client id, one message log, one cursor; written by its pipeline only.

    `schools` empty: every school that no other partition names.
    `cursor`: the last message turned into events; `seen_cursor`: the last one whose device's `last_seen_at`
    was written (later ones are heard again after a restart). `deaf`: the latest intervals in which nothing
    could be heard (`domain.deafness`), so that silence is never blamed on a device.
    """

    id: int = Field(primary_key=True)
    name: str = Field(unique=True)
    client_id: str
    filters: list[str] = Field(sa_type=Json, nullable=False)
    cursor: int = Field(default=0, sa_type=BigInt, nullable=False)
    event_position: int = Field(default=0, sa_type=BigInt, nullable=False)
    advanced_at: datetime | None = instant(nullable=True)
    deaf: list[list[Any]] = Field(default_factory=list, sa_type=Json, nullable=False)
    schools: list[str] = Field(default_factory=list, sa_type=Json, nullable=False)
    seen_cursor: int = Field(default=0, sa_type=BigInt, nullable=False)


class Lease(SQLModel, table=True):
    """Who works on a partition. `fence` grows with each holder and stands in every transaction that writes;
    `beat` grows with each renewal; `holder` is empty when it was given back."""

    name: str = Field(primary_key=True)
    fence: int = Field(default=0, sa_type=BigInt, nullable=False)
    beat: int = Field(default=0, sa_type=BigInt, nullable=False)
    holder: str | None = None
    taken_at: datetime | None = instant(nullable=True)
    renewed_at: datetime | None = instant(nullable=True)


class LoggedMessage(SQLModel, table=True):
    """The inbox: raw bytes as they came, append-only, no secondary index.

    `position` follows commit order: an append holds the partition's counter until it commits, so no reader
    of the log can pass a number that is still to come.
    """

    __tablename__ = "message"

    partition: int = Field(primary_key=True)
    position: int = Field(sa_column=Column(BigInt, primary_key=True, autoincrement=False))
    topic: str
    payload: bytes = Field(sa_type=LargeBinary, nullable=False)
    qos: int = 0
    retained: bool = False
    origin: str = "mqtt"
    received_at: datetime = instant()


class RejectedMessage(SchoolOwned, table=True):
    """What could not be read, and why; the bytes stay in the message log for a replay.

    `school` is empty where the message names no known school: only callers with every school see those.
    """

    __tablename__ = "message_rejected"
    __table_args__ = (
        Index("ix_message_rejected_school", "school", "id"),
        Index("ix_message_rejected_position", "partition", "position"),
    )

    id: int = number()
    partition: int
    position: int = Field(sa_type=BigInt)
    school: str | None = None
    topic: str
    reason: str
    place: str
    detail: str
    received_at: datetime = instant()
    replayed_at: datetime | None = instant(nullable=True)


class County(SQLModel, table=True):
    code: str = Field(primary_key=True)
    name_zh: str
    name_en: str


class Township(SQLModel, table=True):
    code: str = Field(primary_key=True)
    county: str = Field(foreign_key="county.code")
    name_zh: str
    name_en: str


class School(SchoolItself, table=True):
    code: str = Field(primary_key=True)
    name_zh: str
    name_en: str
    township: str = Field(foreign_key="township.code", index=True)
    kind: str
    latitude: float | None = None
    longitude: float | None = None
    pupils: int | None = None
    timezone: str | None = None
    strict: bool = False


class Zone(SchoolOwned, table=True):
    school: str = Field(primary_key=True, foreign_key="school.code")
    code: str = Field(primary_key=True)
    name: str
    type: str


class Device(SchoolOwned, table=True):
    """One device of one school; `condition` is new (seen, not adopted), active, quarantined or retired."""

    school: str = Field(primary_key=True, foreign_key="school.code")
    device: str = Field(primary_key=True)
    name: str
    zone: str | None = None
    zone_type: str | None = None
    format: str | None = None
    model: str | None = None
    condition: str = "new"
    first_seen_at: datetime | None = instant(nullable=True)
    last_seen_at: datetime | None = instant(nullable=True, index=True)


class Gateway(SchoolOwned, table=True):
    """How far one gateway's numbers have come (`domain.receipts`); written with the events they number."""

    school: str = Field(primary_key=True, foreign_key="school.code")
    gateway: str = Field(primary_key=True)
    covered: int = Field(default=-1, sa_type=BigInt, nullable=False)
    beyond: list[list[int]] = Field(default_factory=list, sa_type=Json, nullable=False)
    first_at: datetime | None = instant(nullable=True)
    gap_since: datetime | None = instant(nullable=True)
    heard_seconds: float = 0.0
    gap_told: list[int] | None = Field(default=None, sa_type=Json, nullable=True)
    heard_at: datetime | None = instant(nullable=True)


class StoredEvent(SchoolOwned, table=True):
    """The event log. `id` counts up within a partition; a repeat of the same news meets `dedup_key`."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("school", "device", "dedup_key", name="uq_event_news"),
        Index("ix_event_school_time", "school", "occurred_at", "id"),
        Index("ix_event_time", "occurred_at", "id"),
    )

    id: int = Field(sa_column=Column(BigInt, primary_key=True, autoincrement=False))
    school: str
    device: str
    kind: str
    phase: str
    occurred_at: datetime = instant()
    received_at: datetime = instant()
    format: str
    dedup_key: str
    event_id: str | None = None
    value: float | None = None
    unit: str | None = None
    severity_hint: str | None = None
    zone: str | None = None
    snapshot_url: str | None = None
    attributes: dict[str, Any] | None = json_object(nullable=True)
    retained: bool = False
    clock_suspect: bool = False
    source_time: str | None = None
    sequence: int | None = Field(default=None, sa_type=BigInt)
    gateway: str | None = None
    position: int = Field(default=0, sa_type=BigInt, nullable=False)


class RuleState(SQLModel, table=True):
    """What a rule remembers of one key; idle states are not stored."""

    __tablename__ = "rule_state"

    rule: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    state: bytes = Field(sa_type=LargeBinary, nullable=False)


class RuleSetVersion(SQLModel, table=True):
    """Every rule file that was ever in force, newest last."""

    __tablename__ = "rule_set"

    version: int = number()
    text: str
    created_at: datetime = instant()
    created_by: str


class StoredAlert(SchoolOwned, table=True):
    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_firing",
            "rule",
            "key",
            unique=True,
            sqlite_where=text("condition = 'firing'"),
            postgresql_where=text("condition = 'firing'"),
        ),
        Index("ix_alert_rule_key", "rule", "key", "id"),
        Index(
            "ix_alert_open",
            "school",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_alert_school", "school", "id"),
        Index("ix_alert_raised", "raised_at"),
        Index("ix_alert_closed", "closed_at"),
        CheckConstraint("condition IN ('firing', 'resolved')", name="ck_alert_condition"),
        CheckConstraint("(condition = 'resolved') = (resolved_at IS NOT NULL)", name="ck_alert_resolved"),
        CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="ck_alert_closed"),
        CheckConstraint("closed_at IS NULL OR condition = 'resolved'", name="ck_alert_closed_ended"),
    )

    id: int = Field(sa_column=Column(BigInt, primary_key=True, autoincrement=False))
    rule: str
    rule_version: str
    key: str
    school: str
    kind: str
    title: dict[str, str] = json_object()
    severity: str
    condition: str
    raised_at: datetime = instant()
    last_seen_at: datetime = instant()
    count: int = 1
    device: str | None = None
    zone: str | None = None
    resolved_at: datetime | None = instant(nullable=True)
    acknowledged_at: datetime | None = instant(nullable=True)
    acknowledged_by: str | None = None
    assignee: str | None = None
    closed_at: datetime | None = instant(nullable=True)
    closed_by: str | None = None
    disposition: str | None = None
    suppressed_by: str | None = None
    snapshot_url: str | None = None
    detail: dict[str, Any] = json_object()


class AlertTransition(SchoolOwned, table=True):
    """The history: append-only, `number` without gaps and in commit order."""

    __tablename__ = "alert_transition"
    __table_args__ = (Index("ix_alert_transition_alert", "alert_id", "number"),)

    number: int = Field(sa_column=Column(BigInt, primary_key=True, autoincrement=False))
    alert_id: int = Field(sa_type=BigInt, foreign_key="alert.id", nullable=False)
    school: str
    change: str
    at: datetime = instant(index=True)
    severity: str
    condition: str
    actor: str
    reason: str | None = None
    comment: str | None = None
    detail: dict[str, Any] = json_object()


class Counter(SQLModel, table=True):
    """Numbers that must follow commit order: whoever takes one holds the row until the commit."""

    name: str = Field(primary_key=True)
    value: int = Field(default=0, sa_type=BigInt, nullable=False)
