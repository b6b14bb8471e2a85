"""What a shift leaves to the next one."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, json_object, number

_WAITING = text("taken_at IS NULL")


class Handover(SchoolOwned, table=True):
    """A note at the end of a shift, with what stood `open` at that moment. Its words never change.

    `school` None: the county's desk, whose notes only those with every school see.
    """

    __table_args__ = (
        Index("ix_handover_waiting", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_handover_school", "school", "id"),
        CheckConstraint("(taken_at IS NULL) = (taken_by IS NULL)", name="ck_handover_taken"),
    )

    id: int = number()
    school: str | None = Field(default=None, foreign_key="school.code")
    note: str
    open: dict[str, Any] = json_object()
    written_at: datetime = instant()
    written_by: str
    taken_at: datetime | None = instant(nullable=True)
    taken_by: str | None = None
