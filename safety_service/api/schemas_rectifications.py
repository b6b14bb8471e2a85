"""Rectifications and their history as the API shows them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from safety_service.api.schemas_inspections import LabelsOut
from safety_service.api.schemas_rosters import Strict, TitleIn
from safety_service.domain.rectified import MOST_PHOTOS, OWED, Action, Source, Status
from safety_service.store.tables_rectification import Rectification, RectificationStep

_LONGEST_COMMENT = 4000
_EXAMPLE_PHOTO = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

Photo = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of an attachment")]


class RectificationOut(BaseModel):
    """One thing to put right. `overdue`: owed (open or returned), and its day is over at the school."""

    id: int
    school: str
    cafeteria: str | None
    zone: str | None
    source: Source
    inspection: int | None = Field(description="The visit it comes from; after a correction the new one")
    scheme: str | None
    item: str | None
    title: LabelsOut
    note: str | None
    key: bool
    status: Status
    owner: str | None
    due_on: date
    due_at: datetime
    overdue: bool
    photos_before: list[str]
    photos_after: list[str]
    opened_at: datetime
    opened_by: str
    done_at: datetime | None
    done_by: str | None
    accepted_at: datetime | None
    accepted_by: str | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    reason: str | None = Field(description="Why it was cancelled or last returned")


class StepOut(BaseModel):
    """One entry of the history; `status` is that after it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    action: Action
    at: datetime
    by: str
    status: Status
    comment: str | None
    inspection: int | None
    detail: dict[str, Any]


class RectificationDetail(RectificationOut):
    history: list[StepOut] = Field(description="Oldest first")


class HazardIn(Strict):
    """Found in a patrol. `title`: `{zh, en}`, or one text for both. Without `due_on` the county's days count;
    a key hazard is due at once whatever is sent."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "school": "370828-001",
                "title": {"zh": "消防通道堆放杂物", "en": "Fire exit blocked by boxes"},
                "key": True,
                "owner": "王主任",
                "photos": [_EXAMPLE_PHOTO],
            }
        },
    )

    school: str = Field(max_length=64)
    cafeteria: str | None = Field(default=None, max_length=80)
    zone: str | None = Field(default=None, max_length=100)
    title: TitleIn | Annotated[str, Field(min_length=1, max_length=200)]
    note: str | None = Field(default=None, max_length=_LONGEST_COMMENT)
    key: bool = False
    owner: str | None = Field(default=None, max_length=100)
    due_on: date | None = None
    photos: list[Photo] = Field(default=[], max_length=MOST_PHOTOS)

    def as_labels(self) -> dict[str, str]:
        if isinstance(self.title, str):
            return {"zh": self.title, "en": self.title}
        return {"zh": self.title.zh, "en": self.title.en}


class OwnerIn(Strict):
    """`due_on` moves the day, which whoever owes it may not do."""

    owner: str = Field(min_length=1, max_length=100, description="A user name, or how people know the person")
    due_on: date | None = None
    comment: str | None = Field(default=None, max_length=_LONGEST_COMMENT)


class DoneIn(Strict):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"photos": [_EXAMPLE_PHOTO]}})

    photos: list[Photo] = Field(min_length=1, max_length=MOST_PHOTOS, description="Taken afterwards")
    comment: str | None = Field(default=None, max_length=_LONGEST_COMMENT)


class ReturnIn(Strict):
    """Without `due_on` its day stays, and the rest of today is always left."""

    reason: str = Field(min_length=1, max_length=_LONGEST_COMMENT)
    due_on: date | None = None


class ReasonIn(Strict):
    reason: str = Field(min_length=1, max_length=_LONGEST_COMMENT)


def rectification_out(row: Rectification, now: datetime) -> RectificationOut:
    return RectificationOut(**_plain(row, now))


def rectifications_out(rows: Sequence[Rectification], now: datetime) -> list[RectificationOut]:
    return [rectification_out(row, now) for row in rows]


def rectification_detail(
    row: Rectification, steps: Sequence[RectificationStep], now: datetime
) -> RectificationDetail:
    history = [StepOut.model_validate(step) for step in steps]
    return RectificationDetail(**_plain(row, now), history=history)


def _plain(row: Rectification, now: datetime) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in RectificationOut.model_fields if hasattr(row, name)}
    accepted = row.status == "accepted"
    cancelled = row.status == "cancelled"
    return {
        **shown,
        "overdue": row.status in OWED and row.due_at <= now,
        "accepted_at": row.ended_at if accepted else None,
        "accepted_by": row.ended_by if accepted else None,
        "cancelled_at": row.ended_at if cancelled else None,
        "cancelled_by": row.ended_by if cancelled else None,
    }
