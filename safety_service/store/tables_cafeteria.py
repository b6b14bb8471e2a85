"""The tables of cafeterias and of the inspections that grade them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from safety_service.store.columns import BigInt, Json
from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, json_object, number


class Cafeteria(SchoolOwned, table=True):
    """One kitchen of a school with the dates its grade depends on, and what its last visit gave.

    `inspection`, `visited_on`, `scheme`, `score`, `grade`, `icon`, `reason` repeat the inspection that is
    last by (visited_on, visit), in its newest revision; all are empty before the first. `risk_level`: A to D,
    D the riskiest, None where none was set.
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
    risk_level: str | None = None


class Inspection(SchoolOwned, table=True):
    """One visit as it was submitted and scored; append-only (see store/guards.py).

    `source_key` makes a submission one and the same however often it arrives, `fingerprint` tells whether
    its content is the same too. `result` is the whole scoring with its reckoning, under the scheme version
    of that day; it is never computed again. `comparison` is with `previous`, the last visit known then.

    A correction is a row of its own: `corrects` is the row it stands in for, `visit` the chain number of the
    first row of the same visit, `revision` how often that was corrected. The newest counts: the one that no
    row corrects. `chain_number` and `chain_hash` are its place in the chain of domain/chain.py.

    `inspectors` are all names, `inspector` the first; `attachments` what was declared, `{sha256, media_type,
    size, role, item}`, whether or not the file has come; `follow_ups` by the code of a failed item who puts
    it right by when, `{owner, due}`.
    """

    __table_args__ = (
        UniqueConstraint("school", "source_key", name="uq_inspection_source"),
        UniqueConstraint("corrects", name="uq_inspection_corrects"),
        UniqueConstraint("chain_number", name="uq_inspection_chain_number"),
        Index("ix_inspection_cafeteria", "cafeteria", "visited_on", "visit"),
        Index("ix_inspection_visit", "visit", "revision"),
        Index("ix_inspection_scored", "cafeteria", "scheme", "visited_on", "score"),
        Index("ix_inspection_newest", "cafeteria", "chain_number"),
        Index("ix_inspection_day", "visited_on", "id"),
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
    visit: int = Field(sa_type=BigInt)
    revision: int = 0
    corrects: int | None = Field(default=None, sa_type=BigInt, foreign_key="inspection.id")
    inspectors: list[str] = Field(default_factory=list, sa_type=Json, nullable=False)
    latitude: float | None = None
    longitude: float | None = None
    accuracy_m: float | None = None
    started_at: datetime | None = instant(nullable=True)
    finished_at: datetime | None = instant(nullable=True)
    attachments: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json, nullable=False)
    follow_ups: dict[str, Any] = json_object()
    chain_number: int = Field(sa_type=BigInt)
    chain_hash: str
