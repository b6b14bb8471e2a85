"""Cafeterias and their credit as the API shows them."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from safety_service.api.schemas_inspections import InspectionDetail, InspectionOut, LabelsOut
from safety_service.domain.scoring.overrides import Withdrawal
from safety_service.services.credit import Credit
from safety_service.store.tables_cafeteria import Cafeteria

_MOST_DINERS = 100_000


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
    risk_level: str | None
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
    """Only the fields that are sent change; null empties a date, the number of diners or the risk level."""

    model_config = ConfigDict(extra="forbid")

    name_zh: str = Field(default="", max_length=100)
    name_en: str = Field(default="", max_length=200)
    licence_issued: date | None = None
    accident: date | None = Field(default=None, description="The last food-safety accident")
    penalty_beyond_warning: date | None = Field(
        default=None, description="The last penalty heavier than a warning"
    )
    diners: int | None = Field(default=None, ge=0, le=_MOST_DINERS)
    risk_level: Literal["A", "B", "C", "D"] | None = Field(default=None, description="D is the riskiest")


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
    annual = credit.annual
    return CafeteriaOut(
        **row.model_dump(),
        annual_average=annual.get("average"),
        annual_grade=annual.get("grade"),
        annual_letter=annual.get("letter"),
        sign_withdrawn=sign_out(credit.withdrawn),
    )


def sign_out(withdrawn: Withdrawal | None) -> SignOut | None:
    if withdrawn is None:
        return None
    labels = withdrawn.override.labels
    return SignOut(
        reason=withdrawn.override.reason,
        labels=LabelsOut(zh=labels.zh, en=labels.en),
        until=withdrawn.until,
    )
