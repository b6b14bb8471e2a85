"""What a school may do about its standing: contest an inspection, have a penalty's publication ended."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from safety_service.store.columns import BigInt
from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, number
from safety_service.store.tables_escalation import json_list

_PENDING = text("status = 'pending'")


class Appeal(SchoolOwned, table=True):
    """A school contests an inspection, or some items of it. `due_at` is the end of `due_on` at the school.

    `revision`: the inspection that corrects the contested one, where the decision was to change it.
    """

    __table_args__ = (
        Index(
            "uq_appeal_pending",
            "inspection",
            unique=True,
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
        Index("ix_appeal_due", "due_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index("ix_appeal_school", "school", "id"),
        Index("ix_appeal_inspection", "inspection", "id"),
        CheckConstraint(
            "status IN ('pending', 'upheld', 'dismissed', 'changed', 'withdrawn')", name="ck_appeal_status"
        ),
        CheckConstraint("(status = 'pending') = (ended_at IS NULL)", name="ck_appeal_ended"),
        CheckConstraint("(status = 'changed') = (revision IS NOT NULL)", name="ck_appeal_changed"),
    )

    id: int = number()
    school: str = Field(foreign_key="school.code")
    cafeteria: str = Field(foreign_key="cafeteria.id")
    inspection: int = Field(sa_type=BigInt, foreign_key="inspection.id", nullable=False)
    items: list[str] = json_list()
    grounds: str
    evidence: list[str] = json_list()
    status: str = "pending"
    filed_at: datetime = instant()
    filed_by: str
    due_on: date
    due_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None
    answer: str | None = None
    revision: int | None = Field(default=None, sa_type=BigInt, foreign_key="inspection.id")


class Penalty(SchoolOwned, table=True):
    """A penalty of whoever runs a cafeteria; `kind` and `subject` as data/credit_repair.yaml names them.

    `amount` is in yuan, as text, so that nothing is rounded. `repaired_on`: its publication was ended.
    """

    __table_args__ = (
        UniqueConstraint("cafeteria", "reference", name="uq_penalty_reference"),
        Index("ix_penalty_school", "school", "id"),
        Index("ix_penalty_cafeteria", "cafeteria", "id"),
    )

    id: int = number()
    school: str = Field(foreign_key="school.code")
    cafeteria: str = Field(foreign_key="cafeteria.id")
    operator: str | None = None
    kind: str
    subject: str
    amount: str | None = None
    decided_on: date
    published_on: date | None = None
    reference: str | None = None
    note: str | None = None
    recorded_at: datetime = instant()
    recorded_by: str
    repaired_on: date | None = None


class Repair(SchoolOwned, table=True):
    """An application to end the publication of a penalty, with the class and day that counted then."""

    __tablename__ = "credit_repair"
    __table_args__ = (
        Index(
            "uq_credit_repair_pending",
            "penalty",
            unique=True,
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
        Index("ix_credit_repair_penalty", "penalty", "id"),
        CheckConstraint("status IN ('pending', 'granted', 'refused')", name="ck_credit_repair_status"),
        CheckConstraint("(status = 'pending') = (ended_at IS NULL)", name="ck_credit_repair_ended"),
    )

    id: int = number()
    penalty: int = Field(sa_type=BigInt, foreign_key="penalty.id", nullable=False)
    school: str
    repair_class: str
    repairable_on: date
    conditions: list[str] = json_list()
    statement: str
    evidence: list[str] = json_list()
    status: str = "pending"
    applied_at: datetime = instant()
    applied_by: str
    ended_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None
    answer: str | None = None
