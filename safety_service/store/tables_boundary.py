"""The bureau's own map of its county."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from safety_service.store.tables import instant
from safety_service.store.tables_escalation import json_list


class Boundary(SQLModel, table=True):
    """At most one. `areas`: GeoJSON features; `approval`: the number under which the map may be shown."""

    __table_args__ = (CheckConstraint("id = 1", name="ck_boundary_one"),)

    id: int = Field(default=1, primary_key=True)
    areas: list[dict[str, Any]] = json_list()
    approval: str | None = None
    file: str
    imported_at: datetime = instant()
