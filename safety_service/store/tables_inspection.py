"""The tables around an inspection: its files, what was refused and kept as a draft, who goes where next."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from safety_service.store.columns import Json
from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant


class Attachment(SchoolOwned, table=True):
    """A photo or signature of one cafeteria, verified and stored; append-only, the bytes are in the blobs.

    The same bytes at two cafeterias are one file and two rows: the row is the right to read them.
    """

    cafeteria: str = Field(primary_key=True, foreign_key="cafeteria.id")
    sha256: str = Field(primary_key=True)
    school: str = Field(foreign_key="school.code")
    media_type: str
    size: int
    width: int
    height: int
    stored_at: datetime = instant()
    stored_by: str


class InspectionDraft(SchoolOwned, table=True):
    """A submission that was refused, with every reason; gone once its id is accepted.

    `problems` are `[{place, reason}]`.
    """

    __tablename__ = "inspection_draft"
    __table_args__ = (Index("ix_inspection_draft_age", "cafeteria", "submitted_at"),)

    cafeteria: str = Field(primary_key=True, foreign_key="cafeteria.id")
    id: str = Field(primary_key=True)
    school: str = Field(foreign_key="school.code")
    body: dict[str, Any] = Field(sa_type=Json, nullable=False)
    problems: list[dict[str, str]] = Field(sa_type=Json, nullable=False)
    submitted_at: datetime = instant()
    submitted_by: str


class PlannedVisit(SchoolOwned, table=True):
    """Who inspects a cafeteria next, and on which day; gone once somebody has been there."""

    __tablename__ = "planned_visit"
    __table_args__ = (Index("ix_planned_visit_day", "assignee", "planned_on"),)

    cafeteria: str = Field(primary_key=True, foreign_key="cafeteria.id")
    school: str = Field(foreign_key="school.code")
    assignee: str
    planned_on: date
    planned_at: datetime = instant()
    planned_by: str
