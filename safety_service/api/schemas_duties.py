"""Duties, their occurrences, their records and health certificates, as the API shows and takes them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from safety_service.domain.duties import Duty, Evidence, unknown_days
from safety_service.domain.types import Severity
from safety_service.store.tables_duties import DutyOccurrence, DutyRecord, HealthCertificate

Found = Literal["nothing", "something"]


class DutyIn(BaseModel):
    """A duty as in the documentation of duties; of a built-in one whatever is left out stays as it ships."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {"enabled": True},
                {
                    "title": {"zh": "宿舍夜查", "en": "Dormitory round"},
                    "role": {"zh": "宿管员", "en": "Warden"},
                    "recurrence": "FREQ=DAILY",
                    "days": ["term", "school_hours"],
                    "due": ["23:00"],
                    "window": "2h",
                    "severity": "minor",
                },
            ]
        },
    )


class DutyOut(BaseModel):
    """`waits_for`: calendars of which nobody has made one yet; until then the duty has no day."""

    id: str
    title: dict[str, str]
    role: dict[str, str]
    per: str
    kinds: list[str]
    kinds_except: list[str]
    schools: list[str]
    recurrence: str | None
    starts_on: date
    days: list[str]
    due: list[str]
    window: str
    grace: str
    made_up_within: str
    severity: Severity
    evidence: list[Evidence]
    source: str | None
    enabled: bool
    built_in: bool = Field(description="Ships with the service and was not changed")
    waits_for: list[str]


class OccurrenceOut(BaseModel):
    """One time at which a duty is owed. `overdue`: it is open, and its due time has passed."""

    id: str
    duty: str
    title: dict[str, str] = Field(description="The duty's; its id where nobody knows it any more")
    school: str
    cafeteria: str | None
    opens_at: AwareDatetime
    due_at: AwareDatetime
    lapses_at: AwareDatetime
    state: str
    overdue: bool
    record: int | None


class DutyRecordIn(BaseModel):
    """What was done. A record that nothing was found is a record; `done_at` left out: now.

    `occurrence` left out: it counts for what is open at that time. `evidence`: what the duty asks for.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "duty": "food-sample",
                "school": "370828-001",
                "done_at": "2026-09-01T12:10:00+08:00",
                "done_by": "李敏",
                "found": "nothing",
                "evidence": {"dishes": 4, "grams": 130},
            }
        },
    )

    duty: str = Field(max_length=64)
    school: str = Field(max_length=64)
    cafeteria: str | None = Field(default=None, max_length=80)
    occurrence: str | None = Field(default=None, max_length=200)
    done_at: AwareDatetime | None = None
    done_by: str = Field(min_length=1, max_length=100)
    found: Found = "nothing"
    note: str | None = Field(default=None, max_length=4000)
    evidence: dict[str, Any] = {}


class DutyRecordOut(BaseModel):
    """`occurrence` null: nothing was owed at that time. `breaches`: evidence beyond a limit."""

    id: int
    duty: str
    school: str
    cafeteria: str | None
    occurrence: str | None
    done_at: AwareDatetime
    done_by: str
    found: Found
    note: str | None
    evidence: dict[str, Any]
    breaches: list[dict[str, Any]]
    recorded_at: AwareDatetime
    recorded_by: str


class HealthCertificateIn(BaseModel):
    """`person`: of the name only the first character is kept."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"person": "王丽", "expires_on": "2027-03-01"}}
    )

    person: str = Field(min_length=1, max_length=100)
    expires_on: date


class HealthCertificateOut(BaseModel):
    school: str
    cafeteria: str
    reference: str
    person: str
    expires_on: date
    expired: bool
    updated_at: AwareDatetime
    updated_by: str


def duty_out(duty: Duty, built_in: bool, calendars: Sequence[str]) -> DutyOut:
    waits_for = duty.days if unknown_days(duty, calendars) else []
    return DutyOut(built_in=built_in, waits_for=waits_for, **duty.model_dump())


def occurrences_out(
    rows: Sequence[DutyOccurrence], duties: Mapping[str, Duty], now: datetime
) -> list[OccurrenceOut]:
    names = [name for name in OccurrenceOut.model_fields if name not in ("cafeteria", "overdue", "title")]
    titles = {name: duty.title.model_dump() for name, duty in duties.items()}
    return [
        OccurrenceOut(
            title=titles.get(row.duty, {"zh": row.duty, "en": row.duty}),
            cafeteria=row.subject,
            overdue=row.state == "open" and row.due_at < now,
            **{name: getattr(row, name) for name in names},
        )
        for row in rows
    ]


def record_out(row: DutyRecord) -> DutyRecordOut:
    names = [name for name in DutyRecordOut.model_fields if name != "cafeteria"]
    return DutyRecordOut(cafeteria=row.subject, **{name: getattr(row, name) for name in names})


def records_out(rows: Sequence[DutyRecord]) -> list[DutyRecordOut]:
    return [record_out(row) for row in rows]


def certificates_out(rows: Sequence[HealthCertificate], today: date) -> list[HealthCertificateOut]:
    names = [name for name in HealthCertificateOut.model_fields if name != "expired"]
    return [
        HealthCertificateOut(expired=row.expires_on < today, **{name: getattr(row, name) for name in names})
        for row in rows
    ]
