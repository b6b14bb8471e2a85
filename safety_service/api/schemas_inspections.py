"""Inspections, their files, drafts and form as the API shows them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from safety_service.domain.rectified import Status
from safety_service.services.inspection_form import Form
from safety_service.store.tables_cafeteria import Inspection
from safety_service.store.tables_inspection import Attachment, InspectionDraft


class LabelsOut(BaseModel):
    zh: str
    en: str


class InspectionOut(BaseModel):
    """One visit without its reckoning. `revision` counts its corrections; `corrects` is the row before."""

    id: int
    cafeteria: str
    school: str
    date: date
    scheme: str
    version: str
    score: str | None
    grade: str | None
    icon: str | None
    reason: str | None
    inspector: str | None
    inspectors: list[str]
    note: str | None
    submitted_at: datetime
    submitted_by: str
    revision: int
    corrects: int | None


class PlaceOut(BaseModel):
    latitude: float
    longitude: float
    accuracy_m: float | None


class AttachedOut(BaseModel):
    """A file as the inspection names it; `stored_at` is null until its bytes have come."""

    sha256: str
    media_type: str
    size: int
    role: str
    item: str | None
    stored_at: datetime | None


class FollowUpOut(BaseModel):
    """Who puts a failed item right, and by which day."""

    owner: str | None
    due: date | None


class InspectionDetail(InspectionOut):
    """One visit with all that led to its grade.

    `result` is the scoring as it was stored: inputs, every intermediate number, every override with the
    comparison made, the rule that decided. `change` and `why` compare with the visit `previous`.
    """

    result: dict[str, Any]
    previous: int | None
    change: LabelsOut
    why: LabelsOut
    sections_worse: list[dict[str, Any]]
    key_items_failed: list[dict[str, Any]]
    corrected_by: int | None = Field(description="The revision that counts in place of this one")
    place: PlaceOut | None
    started_at: datetime | None
    finished_at: datetime | None
    attachments: list[AttachedOut]
    follow_ups: dict[str, FollowUpOut]
    chain_number: int
    chain_hash: str


class ChainHead(BaseModel):
    """The end of the chain over all inspection records; `hash` vouches for every one of them."""

    number: int
    hash: str
    inspection: int | None
    at: datetime | None


class AttachmentOut(BaseModel):
    sha256: str
    size: int
    media_type: str
    width: int
    height: int
    stored_at: datetime


class ReasonOut(BaseModel):
    place: str
    reason: str


class DraftOut(BaseModel):
    """A refused submission as it was sent, and everything that is wrong with it."""

    id: str
    cafeteria: str
    submitted_at: datetime
    submitted_by: str
    problems: list[ReasonOut]
    body: dict[str, Any]


class PreviousOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    inspection: int
    date: date
    result: str
    note: str | None


class OpenRectificationOut(BaseModel):
    """What is still to be put right; with the status done it waits to be accepted."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    status: Status
    owner: str | None
    due_on: date


class FormItemOut(BaseModel):
    """One item of the form; `section` counts from 1 and is null for what is recorded beside the grade."""

    code: str
    section: int | None
    key: bool
    points: str
    labels: LabelsOut
    previous: PreviousOut | None
    rectification: OpenRectificationOut | None


class FormOut(BaseModel):
    """The checklist to fill in; `facts` are the dates that the county knows of the cafeteria."""

    cafeteria: str
    scheme: str
    version: str
    title: LabelsOut
    sections: list[LabelsOut]
    facts: dict[str, date | None]
    items: list[FormItemOut]


def inspections_out(rows: Sequence[Inspection]) -> list[InspectionOut]:
    return [InspectionOut(**_plain(row)) for row in rows]


def inspection_detail(
    row: Inspection, files: Mapping[str, Attachment], corrected_by: int | None = None
) -> InspectionDetail:
    """`files`: those that have come, by hash."""
    place = None
    if row.latitude is not None and row.longitude is not None:
        place = PlaceOut(latitude=row.latitude, longitude=row.longitude, accuracy_m=row.accuracy_m)
    kept = ("result", "previous", "started_at", "finished_at", "follow_ups", "chain_number", "chain_hash")
    return InspectionDetail(
        **_plain(row),
        **{name: getattr(row, name) for name in kept},
        **row.comparison,
        corrected_by=corrected_by,
        place=place,
        attachments=[_attached(file, files.get(file["sha256"])) for file in row.attachments],
    )


def _plain(row: Inspection) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in InspectionOut.model_fields if hasattr(row, name)}
    return {**shown, "date": row.visited_on, "version": row.scheme_version}


def _attached(named: dict[str, Any], stored: Attachment | None) -> AttachedOut:
    return AttachedOut(**named, stored_at=stored.stored_at if stored else None)


def attachment_out(row: Attachment) -> AttachmentOut:
    return AttachmentOut(**row.model_dump(include=set(AttachmentOut.model_fields)))


def drafts_out(rows: Sequence[InspectionDraft]) -> list[DraftOut]:
    return [draft_out(row) for row in rows]


def draft_out(row: InspectionDraft) -> DraftOut:
    return DraftOut(**row.model_dump(include=set(DraftOut.model_fields)))


def form_out(cafeteria: str, form: Form) -> FormOut:
    scheme, checklist = form.scheme, form.scheme.checklist
    assert checklist is not None  # services/inspection_form.py refuses a scheme without one
    items = [
        FormItemOut(
            code=line.item.code,
            section=line.item.section,
            key=line.item.key,
            points=str(line.item.points),
            labels=LabelsOut(**line.item.labels.model_dump()),
            previous=line.previous,
            rectification=line.rectification,
        )
        for line in form.items
    ]
    return FormOut(
        cafeteria=cafeteria,
        scheme=scheme.id,
        version=scheme.version,
        title=LabelsOut(**scheme.title.model_dump()),
        sections=[LabelsOut(**labels.model_dump()) for labels in checklist.sections],
        facts=form.facts,
        items=items,
    )
