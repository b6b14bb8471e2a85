"""What must be put right, and every step on the way there."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from safety_service.store.columns import BigInt
from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, json_object, number
from safety_service.store.tables_escalation import json_list

_NOT_ENDED = text("ended_at IS NULL")
_OWED = text("done_at IS NULL AND ended_at IS NULL")
_OPEN_ITEM = text("ended_at IS NULL AND item IS NOT NULL")
_BY_A_VISIT = text("inspection IS NOT NULL")


class Rectification(SchoolOwned, table=True):
    """One thing to put right, as `domain.rectified.Rectified` carries it.

    `source` inspection: `inspection` (after a correction the one that holds), `scheme` and `item` say where
    it comes from; patrol: they are empty. An inspection opens at most one for an item, and a cafeteria has
    at most one that is not ended for an item of a scheme. `due_at` is the end of `due_on` at the school.
    """

    __table_args__ = (
        UniqueConstraint("inspection", "item", name="uq_rectification_origin"),
        Index(
            "uq_rectification_item",
            "cafeteria",
            "scheme",
            "item",
            unique=True,
            sqlite_where=_OPEN_ITEM,
            postgresql_where=_OPEN_ITEM,
        ),
        Index("ix_rectification_open", "id", sqlite_where=_NOT_ENDED, postgresql_where=_NOT_ENDED),
        Index("ix_rectification_due", "due_at", sqlite_where=_OWED, postgresql_where=_OWED),
        Index("ix_rectification_school", "school", "id"),
        Index("ix_rectification_cafeteria", "cafeteria", "id"),
        CheckConstraint(
            "status IN ('open', 'returned', 'done', 'accepted', 'cancelled')", name="ck_rectification_status"
        ),
        CheckConstraint(
            "(status IN ('accepted', 'cancelled')) = (ended_at IS NOT NULL)", name="ck_rectification_ended"
        ),
        CheckConstraint(
            "status NOT IN ('open', 'returned') OR done_at IS NULL", name="ck_rectification_owed"
        ),
        CheckConstraint(
            "status NOT IN ('done', 'accepted') OR done_at IS NOT NULL", name="ck_rectification_done"
        ),
        CheckConstraint("status <> 'accepted' OR ended_by <> done_by", name="ck_rectification_accepted"),
    )

    id: int = number()
    school: str = Field(foreign_key="school.code")
    cafeteria: str | None = Field(default=None, foreign_key="cafeteria.id")
    zone: str | None = None
    source: str
    inspection: int | None = Field(default=None, sa_type=BigInt, foreign_key="inspection.id")
    scheme: str | None = None
    item: str | None = None
    title: dict[str, str] = json_object()
    note: str | None = None
    key: bool = False
    status: str = "open"
    owner: str | None = None
    due_on: date
    due_at: datetime = instant()
    photos_before: list[str] = json_list()
    photos_after: list[str] = json_list()
    opened_at: datetime = instant()
    opened_by: str
    done_at: datetime | None = instant(nullable=True)
    done_by: str | None = None
    ended_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None
    reason: str | None = None


class RectificationStep(SchoolOwned, table=True):
    """The history: append-only. A visit leaves at most one step on each rectification."""

    __tablename__ = "rectification_step"
    __table_args__ = (
        Index("ix_rectification_step_of", "rectification", "id"),
        Index(
            "uq_rectification_step_visit",
            "inspection",
            "rectification",
            unique=True,
            sqlite_where=_BY_A_VISIT,
            postgresql_where=_BY_A_VISIT,
        ),
    )

    id: int = number()
    rectification: int = Field(sa_type=BigInt, foreign_key="rectification.id", nullable=False)
    school: str
    action: str
    at: datetime = instant()
    by: str
    status: str
    comment: str | None = None
    inspection: int | None = Field(default=None, sa_type=BigInt)
    detail: dict[str, Any] = json_object()
