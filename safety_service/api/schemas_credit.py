"""Appeals, penalties and credit repair as the API shows them."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from safety_service.api.schemas_inspections import LabelsOut
from safety_service.api.schemas_rectifications import Photo
from safety_service.api.schemas_rosters import Strict
from safety_service.domain.appeals import Decision, Status
from safety_service.domain.rectified import MOST_PHOTOS
from safety_service.services.penalties import Outcome, Shown
from safety_service.store.tables_credit import Appeal, Repair

_LONGEST_TEXT = 4000
Text = Annotated[str, Field(min_length=1, max_length=_LONGEST_TEXT)]
_MOST_ITEMS = 200
Day = date
"""Said so that a field may be called `date`."""


class AppealOut(BaseModel):
    """One appeal. `overdue`: pending, and the day for the decision is over at the school."""

    id: int
    school: str
    cafeteria: str
    inspection: int
    items: list[str]
    grounds: str
    evidence: list[str]
    status: Status
    filed_at: datetime
    filed_by: str
    due_on: date
    due_at: datetime
    overdue: bool
    decided_at: datetime | None = Field(description="When it was decided or withdrawn")
    decided_by: str | None
    answer: str | None
    revision: int | None = Field(description="The inspection that corrects the contested one")


class AppealIn(Strict):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"inspection": 1, "items": ["2.1"], "grounds": "许可证悬挂在正门，检查时未走正门"}
        },
    )

    inspection: int = Field(ge=1, le=2**63 - 1)
    items: list[str] = Field(default=[], max_length=_MOST_ITEMS, description="Empty: as a whole")
    grounds: Text
    evidence: list[Photo] = Field(default=[], max_length=MOST_PHOTOS)


class DecisionIn(Strict):
    """upheld: examined, the result stands. dismissed: not examined. changed: corrected by `revision`."""

    decision: Decision
    answer: Text
    revision: int | None = Field(default=None, ge=1, le=2**63 - 1)


class WithdrawIn(Strict):
    reason: str | None = Field(default=None, max_length=_LONGEST_TEXT)


class PenaltyIn(Strict):
    """`kind` and `subject` as the county's file of credit repair names them; `amount` in yuan."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "cafeteria": "370828-001-c1",
                "kind": "fine",
                "subject": "food",
                "date": "2026-03-02",
                "amount": "20000",
                "published_on": "2026-03-09",
                "reference": "金市监罚〔2026〕12号",
            }
        },
    )

    cafeteria: str = Field(max_length=80)
    kind: str = Field(max_length=80)
    subject: str = Field(default="food", max_length=80)
    date: Day
    amount: Decimal | None = Field(default=None, ge=0, max_digits=14, decimal_places=2)
    published_on: Day | None = None
    operator: str | None = Field(default=None, max_length=200, description="Who runs it, or the code")
    reference: str | None = Field(default=None, min_length=1, max_length=200)
    note: str | None = Field(default=None, max_length=_LONGEST_TEXT)


class PublishIn(Strict):
    published_on: Day


class ConditionOut(BaseModel):
    """`contradicted`: the record says that it does not hold."""

    id: str
    labels: LabelsOut
    contradicted: bool


class RepairOut(BaseModel):
    """One application; `repair_class` and `repairable_on` as they were when it was made."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    penalty: int
    repair_class: str
    repairable_on: Day
    conditions: list[str]
    statement: str
    evidence: list[str]
    status: str
    applied_at: datetime
    applied_by: str
    ended_at: datetime | None
    ended_by: str | None
    answer: str | None


class PenaltyOut(BaseModel):
    """One penalty. `repairable_on`: the first day on which its publication may be ended, null unpublished.

    `ends_on`: it ends then without an application. `repair_class` and conditions are those of today.
    """

    id: int
    school: str
    cafeteria: str
    operator: str | None
    kind: str
    subject: str
    date: Day
    amount: str | None
    published_on: Day | None
    reference: str | None
    note: str | None
    recorded_at: datetime
    recorded_by: str
    repair_class: str
    repair_labels: LabelsOut
    repairable_on: Day | None
    ends_on: Day | None
    repaired_on: Day | None
    conditions: list[ConditionOut]
    repairs: list[RepairOut]


class RepairIn(Strict):
    """`conditions`: those that are fulfilled, by their ids; each one of the penalty's class is needed."""

    conditions: list[str] = Field(max_length=50)
    statement: Text
    evidence: list[Photo] = Field(default=[], max_length=MOST_PHOTOS)


class RepairDecisionIn(Strict):
    decision: Outcome
    answer: Text


def appeal_out(row: Appeal, now: datetime) -> AppealOut:
    shown = {name: getattr(row, name) for name in AppealOut.model_fields if hasattr(row, name)}
    overdue = row.status == "pending" and row.due_at <= now
    return AppealOut(**shown, overdue=overdue, decided_at=row.ended_at, decided_by=row.ended_by)


def appeals_out(rows: Sequence[Appeal], now: datetime) -> list[AppealOut]:
    return [appeal_out(row, now) for row in rows]


def repair_out(row: Repair) -> RepairOut:
    return RepairOut.model_validate(row)


def penalty_out(shown: Shown) -> PenaltyOut:
    row, view = shown.penalty, shown.outlook
    plain = {name: getattr(row, name) for name in PenaltyOut.model_fields if hasattr(row, name)}
    labels = view.repair_class.labels
    return PenaltyOut(
        **plain,
        date=row.decided_on,
        repair_class=view.repair_class.id,
        repair_labels=LabelsOut(zh=labels.zh, en=labels.en),
        repairable_on=view.repairable_on,
        ends_on=view.ends_on,
        conditions=[
            ConditionOut(
                id=one.id,
                labels=LabelsOut(zh=one.labels.zh, en=one.labels.en),
                contradicted=one in view.contradicted,
            )
            for one in view.conditions
        ],
        repairs=[repair_out(repair) for repair in shown.repairs],
    )
