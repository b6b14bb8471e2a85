"""Who is told when nobody takes an alert: duty rosters, policies, and how far each alert has come."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from safety_service.store.columns import BigInt, Json
from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, json_object, number


def json_list() -> Any:
    return Field(default_factory=list, sa_type=Json, nullable=False)


class StoredRoster(SQLModel, table=True):
    """A duty roster; `members` and `shifts` as `domain.roster_reading` reads them. `schools` empty: all."""

    __tablename__ = "roster"

    id: str = Field(primary_key=True)
    title: dict[str, str] = json_object()
    schools: list[str] = json_list()
    timezone: str
    members: list[dict[str, Any]] = json_list()
    shifts: list[dict[str, Any]] = json_list()


class RosterOverride(SQLModel, table=True):
    """Somebody else is on duty from `start_at` up to and not including `end_at`."""

    __tablename__ = "roster_override"
    __table_args__ = (
        Index("ix_roster_override_roster", "roster", "end_at"),
        CheckConstraint("end_at > start_at", name="ck_roster_override_lasts"),
    )

    id: int = number()
    roster: str = Field(foreign_key="roster.id", ondelete="CASCADE")
    start_at: datetime = instant()
    end_at: datetime = instant()
    member: str
    created_at: datetime = instant()
    created_by: str


class EscalationPolicy(SQLModel, table=True):
    """The steps that follow one another while nobody acknowledges; rule files name it by its id."""

    __tablename__ = "escalation_policy"

    id: str = Field(primary_key=True)
    title: dict[str, str] = json_object()
    min_severity: str = "warning"
    steps: list[dict[str, Any]] = json_list()


class Escalation(SchoolOwned, table=True):
    """How far an alert has come in its policy, one row for each alert that ever began one.

    Running: `next_due_at` is set. Held (suppressed): `held_at` is. Neither: stopped, or at its end.
    `run` is the transition that began it; `steps` are those of the policy at that moment, so that an edit
    never makes a step come twice or not at all.
    """

    __table_args__ = (
        Index(
            "ix_escalation_due",
            "next_due_at",
            sqlite_where=text("next_due_at IS NOT NULL"),
            postgresql_where=text("next_due_at IS NOT NULL"),
        ),
        Index(
            "ix_escalation_held",
            "held_at",
            sqlite_where=text("held_at IS NOT NULL"),
            postgresql_where=text("held_at IS NOT NULL"),
        ),
        CheckConstraint("next_due_at IS NULL OR held_at IS NULL", name="ck_escalation_held"),
    )

    alert_id: int = Field(
        sa_column=Column(
            BigInt, ForeignKey("alert.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
        )
    )
    school: str
    policy: str
    steps: list[dict[str, Any]] = json_list()
    run: int = Field(sa_type=BigInt, nullable=False)
    counts_from: datetime = instant()
    passed: int = 0
    next_due_at: datetime | None = instant(nullable=True)
    held_at: datetime | None = instant(nullable=True)
    hurried_by: str | None = None
