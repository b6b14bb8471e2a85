"""The tables of cafeterias and of the inspections that grade them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from safety_service.store.columns import BigInt
from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, json_object, number


class Cafeteria(SchoolOwned, table=True):
    """One kitchen of a school with the dates its grade depends on, and what its last visit gave.

    `inspection`, `visited_on`, `scheme`, `score`, `grade`, `icon`, `reason` repeat the inspection that is
    last by (visited_on, id); all are empty before the first.
    """

    __table_args__ = (Index("ix_cafeteria_school", "school", "id"),)

    id: str = Field(primary_key=True)
    school: str = Field(foreign_key="school.code")
    name_zh: str
    name_en: str
    licence_issued: date | None = None
    accident: date | None = None
    penalty_beyond_warning: date | None = None
    diners: int | None = None
    inspection: int | None = Field(default=None, sa_type=BigInt)
    visited_on: date | None = None
    scheme: str | None = None
    score: str | None = None
    grade: str | None = None
    icon: str | None = None
    reason: str | None = None


class Inspection(SchoolOwned, table=True):
    """One visit as it was submitted and scored; append-only (see store/guards.py).

    `source_key` makes a submission one and the same however often it arrives, `fingerprint` tells whether
    its content is the same too. `result` is the whole scoring with its reckoning, under the scheme version
    of that day; it is never computed again. `comparison` is with `previous`, the last visit known then.
    """

    __table_args__ = (
        UniqueConstraint("school", "source_key", name="uq_inspection_source"),
        Index("ix_inspection_cafeteria", "cafeteria", "visited_on", "id"),
    )

    id: int = number()
    school: str = Field(foreign_key="school.code")
    cafeteria: str = Field(foreign_key="cafeteria.id")
    source_key: str
    fingerprint: str
    scheme: str
    scheme_version: str
    visited_on: date
    submitted_at: datetime = instant()
    submitted_by: str
    inspector: str | None = None
    note: str | None = None
    score: str | None = None
    grade: str | None = None
    icon: str | None = None
    reason: str | None = None
    result: dict[str, Any] = json_object()
    previous: int | None = Field(default=None, sa_type=BigInt)
    comparison: dict[str, Any] = json_object()
