"""When something does not count: silences, maintenance windows, and the calendars that rules name."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, json_object, number


class QuietTime(SchoolOwned, table=True):
    """`type`: silence or maintenance. `school` None: every school.

    From `starts_at` to `ends_at` (excluded), and with a `recurrence` (RFC 5545) again and again for as long,
    on the wall clock of `timezone`. `ended_at`: somebody ended it for good. Rows are kept: the history names
    them.
    """

    __tablename__ = "quiet_time"
    __table_args__ = (
        Index(
            "ix_quiet_time_standing",
            "ends_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_quiet_time_school", "school", "id"),
    )

    id: int = number()
    type: str
    school: str | None = Field(default=None, foreign_key="school.code")
    match: dict[str, Any] = json_object()
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    recurrence: str | None = None
    timezone: str
    comment: str
    created_at: datetime = instant()
    created_by: str
    ended_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None


class StoredCalendar(SQLModel, table=True):
    """A calendar as the county wrote it; it adds to the built-in ones, or stands for one of them."""

    __tablename__ = "calendar"

    name: str = Field(primary_key=True)
    definition: dict[str, Any] = json_object()
    updated_at: datetime = instant()
    updated_by: str
