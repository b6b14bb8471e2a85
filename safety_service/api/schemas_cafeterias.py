"""Cafeterias, inspections and their credit as the API shows them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from safety_service.domain.scoring.overrides import Withdrawal
from safety_service.services.cafeterias import Credit
from safety_service.store.tables_cafeteria import Cafeteria, Inspection

_MOST_DINERS = 100_000


class LabelsOut(BaseModel):
    zh: str
    en: str


class SignOut(BaseModel):
    """Why the grade sign is off the wall whatever the last visit gave, and the first day it may return."""

    reason: str
    labels: LabelsOut
    until: date


class CafeteriaOut(BaseModel):
    """One cafeteria: `grade`, `score`, `icon`, `reason` of its last visit, and the annual grade of today.

    `reason` says why a visit gave no grade; the fields of the visit are null before the first.
    """

    id: str
    school: str
    name_zh: str
    name_en: str
    licence_issued: date | None
    accident: date | None
    penalty_beyond_warning: date | None
    diners: int | None
    inspection: int | None = Field(description="The last visit, by its date")
    visited_on: date | None
    scheme: str | None
    score: str | None
    grade: str | None
    icon: str | None
    reason: str | None
    annual_average: str | None
    annual_grade: str | None
    annual_letter: str | None
    sign_withdrawn: SignOut | None


class CafeteriaIn(BaseModel):
    """Only the fields that are sent change; null empties a date or the number of diners."""

    model_config = ConfigDict(extra="forbid")

    name_zh: str = Field(default="", max_length=100)
    name_en: str = Field(default="", max_length=200)
    licence_issued: date | None = None
    accident: date | None = Field(default=None, description="The last food-safety accident")
    penalty_beyond_warning: date | None = Field(
        default=None, description="The last penalty heavier than a warning"
    )
    diners: int | None = Field(default=None, ge=0, le=_MOST_DINERS)


class InspectionOut(BaseModel):
    """One visit without its reckoning."""

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
    note: str | None
    submitted_at: datetime
    submitted_by: str


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


class CreditOut(BaseModel):
    """Dynamic grade (the last visit), annual grade (twelve months), both with their reckoning."""

    cafeteria: CafeteriaOut
    as_of: date
    dynamic: InspectionDetail | None
    annual: dict[str, Any] | None
    history: list[InspectionOut] = Field(description="The last visits, the newest first")


def cafeterias_out(rows: Sequence[Cafeteria], credits: dict[str, Credit]) -> list[CafeteriaOut]:
    return [cafeteria_out(row, credits[row.id]) for row in rows]


def cafeteria_out(row: Cafeteria, credit: Credit) -> CafeteriaOut:
    annual = credit.annual.outputs if credit.annual else {}
    return CafeteriaOut(
        **row.model_dump(),
        annual_average=annual.get("average"),
        annual_grade=annual.get("grade"),
        annual_letter=annual.get("letter"),
        sign_withdrawn=_sign(credit.withdrawn),
    )


def _sign(withdrawn: Withdrawal | None) -> SignOut | None:
    if withdrawn is None:
        return None
    labels = withdrawn.override.labels
    return SignOut(
        reason=withdrawn.override.reason,
        labels=LabelsOut(zh=labels.zh, en=labels.en),
        until=withdrawn.until,
    )


def inspections_out(rows: Sequence[Inspection]) -> list[InspectionOut]:
    return [InspectionOut(**_plain(row)) for row in rows]


def inspection_detail(row: Inspection) -> InspectionDetail:
    return InspectionDetail(**_plain(row), result=row.result, previous=row.previous, **row.comparison)


def _plain(row: Inspection) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in InspectionOut.model_fields if hasattr(row, name)}
    return {**shown, "date": row.visited_on, "version": row.scheme_version}
