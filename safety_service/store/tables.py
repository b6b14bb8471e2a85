"""The tables of the core: message log, registry, events, alerts, history, outbox.

Natural keys (`school`, `device`) keep look-ups off the hot path. Indexes are named for what they serve.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, PrimaryKeyConstraint, false, text
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


class LoggedMessage(SQLModel, table=True):
    """The inbox: raw bytes as they came, append-only, no secondary index.

    `position` follows commit order: an append holds the partition's counter until it commits, so no reader
    of the log can pass a number that is still to come.
    """

    __tablename__ = "message"
    __table_args__ = (
        # The time only because PostgreSQL wants the partition key in it: the counter keeps numbers unique.
        PrimaryKeyConstraint("partition", "position", "received_at"),
        {"postgresql_partition_by": "RANGE (received_at)"},
    )

    partition: int
    position: int = Field(sa_column=Column(BigInt, nullable=False, autoincrement=False))
    received_at: datetime = instant()
    qos: int = 0
    retained: bool = False
    topic: str
    payload: bytes = Field(sa_type=LargeBinary, nullable=False)
    origin: str = "mqtt"


class RejectedMessage(SchoolOwned, table=True):
    """What could not be read, and why, with the message itself for a replay.

    `school` is empty where the message names no known school: only callers with every school see those. A
    message of which several parts were refused is kept once, with the first; the others have no `payload`.
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
    qos: int = 0
    retained: bool = False
    origin: str = "mqtt"
    payload: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)


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
    """One device of one school; `condition` is new (seen, not adopted), active, quarantined or retired.

    `gateway`: behind which it was heard last. `clock_offset_seconds`: by how much its clock is ahead, null
    while that is not known; `clock_suspect`: its clock is wrong.
    """

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
    gateway: str | None = None
    clock_offset_seconds: float | None = None
    clock_suspect: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    live_url: str | None = None


class StoredEvent(SchoolOwned, table=True):
    """The event log, in the order of time. `id` counts up within a partition; `EventKey` keeps repeats out.

    Columns of a fixed width come first, or PostgreSQL would pad them.
    """

    __tablename__ = "event"
    __table_args__ = (
        PrimaryKeyConstraint("occurred_at", "id"),
        Index("ix_event_school_time", "school", "occurred_at", "id"),
        {"postgresql_partition_by": "RANGE (occurred_at)", "sqlite_with_rowid": False},
    )

    occurred_at: datetime = instant()
    id: int = Field(sa_column=Column(BigInt, nullable=False, autoincrement=False))
    received_at: datetime = instant()
    position: int = Field(default=0, sa_type=BigInt, nullable=False)
    sequence: int | None = Field(default=None, sa_type=BigInt)
    value: float | None = None
    retained: bool = False
    clock_suspect: bool = False
    school: str
    device: str
    kind: str
    phase: str
    format: str
    event_id: str | None = None
    unit: str | None = None
    severity_hint: str | None = None
    zone: str | None = None
    snapshot_url: str | None = None
    attributes: dict[str, Any] | None = json_object(nullable=True)
    source_time: str | None = None
    """As `source_times.shortened` makes it; `source_times.written` gives back what the device wrote."""
    gateway: str | None = None


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
        Index(
            "ix_alert_suppressed",
            "id",
            sqlite_where=text("condition = 'firing' AND suppressed_by IS NOT NULL"),
            postgresql_where=text("condition = 'firing' AND suppressed_by IS NOT NULL"),
        ),
        Index("ix_alert_raised", "raised_at"),
        Index("ix_alert_closed", "closed_at"),
        Index(
            "ix_alert_ended",
            "rule",
            "resolved_at",
            sqlite_where=text("resolved_at IS NOT NULL"),
            postgresql_where=text("resolved_at IS NOT NULL"),
        ),
        Index(
            "ix_alert_snapshot",
            "snapshot_url",
            sqlite_where=text("snapshot_url IS NOT NULL"),
            postgresql_where=text("snapshot_url IS NOT NULL"),
            postgresql_using="hash",
        ),
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
