"""Where notifications go, and the outbox of those that still have to get there."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from safety_service.store.columns import BigInt, Json
from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, json_object, number


class Channel(SQLModel, table=True):
    """One receiver of notifications. `config` holds what its kind needs, secrets included: never shown whole.

    `schools` empty: every school. `min_severity`: nothing below it is sent.
    """

    id: str = Field(primary_key=True)
    kind: str
    config: dict[str, Any] = json_object()
    schools: list[str] = Field(default_factory=list, sa_type=Json, nullable=False)
    min_severity: str = "warning"
    send_resolved: bool = True
    enabled: bool = True
    disabled_reason: str | None = None


class Notification(SchoolOwned, table=True):
    """The outbox: one row for each (alert, transition, channel, recipient), made with the transition.

    `state`: waiting, delivered (the receiver accepted), failed (it will not be tried again) or withheld (a
    resolve to somebody whom no raise ever reached). `answer` is what the receiver said, as it said it.
    """

    __table_args__ = (
        UniqueConstraint("alert_id", "transition", "channel", "recipient", name="uq_notification"),
        Index(
            "ix_notification_due",
            "next_attempt_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: int = number()
    alert_id: int = Field(sa_type=BigInt, foreign_key="alert.id", nullable=False)
    transition: int = Field(sa_type=BigInt, foreign_key="alert_transition.number", nullable=False)
    channel: str
    recipient: str
    school: str
    state: str = "waiting"
    attempts: int = 0
    created_at: datetime = instant()
    next_attempt_at: datetime = instant()
    delivered_at: datetime | None = instant(nullable=True)
    answer: str | None = None
