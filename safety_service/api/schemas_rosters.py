"""What duty rosters look like over the API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from safety_service.services.rosters import OnDuty
from safety_service.store.tables_escalation import RosterOverride

RosterId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TitleIn(Strict):
    zh: str = Field(min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)


class MemberIn(Strict):
    """`channel` reaches them; `phone` is shown to whoever wants to call."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    name: str = Field(min_length=1, max_length=100)
    channel: str
    phone: str = Field(default="", max_length=40)


class ShiftIn(Strict):
    """Members in turn, each for `days` from `hand_over_at` on `starts_on`, in `windows` (empty: always)."""

    members: list[str] = Field(max_length=200)
    starts_on: str = Field(examples=["2026-09-07"])
    hand_over_at: str = Field(examples=["08:00"])
    days: int = Field(default=7, description="7: weekly")
    windows: list[str] = Field(default=[], max_length=10, examples=[["20:00-08:00"]])
    weekdays: list[str] = Field(default=[], max_length=7, description="Empty: every day")


class RosterIn(Strict):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "title": {"zh": "县值班", "en": "County duty"},
                "timezone": "Asia/Shanghai",
                "members": [
                    {"id": "wang", "name": "王老师", "channel": "duty-wang"},
                    {"id": "li", "name": "李老师", "channel": "duty-li"},
                ],
                "shifts": [{"members": ["wang", "li"], "starts_on": "2026-09-07", "hand_over_at": "08:00"}],
            }
        },
    )

    title: TitleIn
    timezone: str = Field(max_length=60, examples=["Asia/Shanghai"])
    members: list[MemberIn] = Field(max_length=500)
    shifts: list[ShiftIn] = Field(max_length=20)
    schools: list[str] = Field(default=[], max_length=5000, description="Empty: every school")


class RosterOut(BaseModel):
    id: str
    title: dict[str, str]
    schools: list[str]
    timezone: str
    members: list[dict[str, Any]]
    shifts: list[dict[str, Any]]


class WarningOut(BaseModel):
    """Allowed, and hardly what was meant: nobody on duty, or two at once."""

    kind: Literal["hole", "overlap"]
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    reason: str


class OverrideIn(Strict):
    start: AwareDatetime = Field(alias="from")
    end: AwareDatetime = Field(alias="to")
    member: str


class OverrideOut(BaseModel):
    id: int
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    member: str
    created_by: str


class RosterDetail(RosterOut):
    overrides: list[OverrideOut]
    warnings: list[WarningOut]


class MemberOut(BaseModel):
    id: str
    name: str
    channel: str
    phone: str


class OnDutyOut(BaseModel):
    """`member` null: nobody. `next_hand_over` null: it never passes on."""

    at: datetime
    member: MemberOut | None
    override: int | None
    next_hand_over: datetime | None
    next_member: MemberOut | None


def override_out(row: RosterOverride) -> OverrideOut:
    return OverrideOut(
        id=row.id, start=row.start_at, end=row.end_at, member=row.member, created_by=row.created_by
    )


def on_duty_out(found: OnDuty) -> OnDutyOut:
    return OnDutyOut.model_validate(found, from_attributes=True)
