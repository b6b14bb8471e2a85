"""What is owed: obligations of every sort, duties with their occurrences and records, health certificates."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from safety_service.store.columns import BigInt, Json
from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, json_object, number

_OPEN = text("done_at IS NULL AND NOT cancelled")
_WAITING = text("state = 'open'")


def json_list() -> Any:
    return Field(default_factory=list, sa_type=Json, nullable=False)


class StoredObligation(SchoolOwned, table=True):
    """One obligation as it stands. `change` numbers the writes in the order of their commits: whoever has
    seen one number finds by it everything that came later."""

    __tablename__ = "obligation"
    __table_args__ = (
        Index("ix_obligation_change", "change"),
        Index("ix_obligation_open", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    of: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    change: int = Field(sa_type=BigInt)
    school: str = Field(foreign_key="school.code")
    subject: str | None = None
    type: str | None = None
    title: dict[str, str] = json_object()
    due_at: datetime = instant()
    severity: str | None = None
    done_at: datetime | None = instant(nullable=True)
    cancelled: bool = False


class StoredDuty(SQLModel, table=True):
    """A duty as the county wrote it; it adds to the built-in ones, or stands for one of them."""

    __tablename__ = "duty"

    id: str = Field(primary_key=True)
    definition: dict[str, Any] = json_object()
    updated_at: datetime = instant()
    updated_by: str


class DutyOccurrence(SchoolOwned, table=True):
    """One time at which a duty is to be done, from `opens_at` to `due_at`; made up for until `lapses_at`.

    `id` is made of the others, so that whoever makes it again makes nothing. It is also the obligation's.
    """

    __tablename__ = "duty_occurrence"
    __table_args__ = (
        Index("ix_duty_occurrence_school", "school", "due_at", "id"),
        Index("ix_duty_occurrence_due", "due_at", "id"),
        Index(
            "ix_duty_occurrence_waiting",
            "duty",
            "school",
            "due_at",
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index("ix_duty_occurrence_lapsing", "lapses_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        CheckConstraint("state IN ('open', 'done', 'missed', 'cancelled')", name="ck_duty_occurrence_state"),
    )

    id: str = Field(primary_key=True)
    duty: str
    school: str = Field(foreign_key="school.code")
    subject: str | None = None
    opens_at: datetime = instant()
    due_at: datetime = instant()
    lapses_at: datetime = instant()
    state: str = "open"
    record: int | None = Field(default=None, sa_type=BigInt)


class DutyRecord(SchoolOwned, table=True):
    """What was done and found; a record that nothing was found is one too. Never changed.

    `occurrence` None: it was nothing that was owed at the time. `breaches`: the evidence that is beyond a
    limit.
    """

    __tablename__ = "duty_record"
    __table_args__ = (
        Index("ix_duty_record_school", "school", "id"),
        Index("ix_duty_record_duty", "duty", "id"),
    )

    id: int = number()
    duty: str
    school: str = Field(foreign_key="school.code")
    subject: str | None = None
    occurrence: str | None = None
    done_at: datetime = instant()
    done_by: str
    found: str
    note: str | None = None
    evidence: dict[str, Any] = json_object()
    breaches: list[dict[str, Any]] = json_list()
    recorded_at: datetime = instant()
    recorded_by: str


class HealthCertificate(SchoolOwned, table=True):
    """Until when somebody may work in a kitchen. `reference` is the school's own number of the person, of
    whose name only the first character is kept."""

    __tablename__ = "health_certificate"
    __table_args__ = (Index("ix_health_certificate_school", "school", "cafeteria", "reference"),)

    cafeteria: str = Field(primary_key=True, foreign_key="cafeteria.id")
    reference: str = Field(primary_key=True)
    school: str = Field(foreign_key="school.code")
    person: str
    expires_on: date
    updated_at: datetime = instant()
    updated_by: str
