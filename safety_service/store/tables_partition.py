"""The tables of the pipelines: who works on a partition, where it stands, how far each gateway has come."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from safety_service.store.columns import BigInt, Json
from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant


class Partition(SQLModel, table=True):
    """A set of schools with one client id, one message log, one cursor; written by its pipeline only.

    `schools` empty: every school; then there is no other partition.
    `cursor`: the last message turned into events; `seen_cursor`: the last one whose device's `last_seen_at`
    was written (later ones are heard again after a restart). `deaf`: the latest intervals in which nothing
    could be heard (`domain.deafness`), so that silence is never blamed on a device.
    """

    id: int = Field(primary_key=True)
    name: str = Field(unique=True)
    client_id: str
    filters: list[str] = Field(sa_type=Json, nullable=False)
    cursor: int = Field(default=0, sa_type=BigInt, nullable=False)
    event_position: int = Field(default=0, sa_type=BigInt, nullable=False)
    advanced_at: datetime | None = instant(nullable=True)
    deaf: list[list[Any]] = Field(default_factory=list, sa_type=Json, nullable=False)
    schools: list[str] = Field(default_factory=list, sa_type=Json, nullable=False)
    seen_cursor: int = Field(default=0, sa_type=BigInt, nullable=False)


class Lease(SQLModel, table=True):
    """Who works on a partition. `fence` grows with each holder and stands in every transaction that writes;
    `beat` grows with each renewal; `holder` is empty when it was given back."""

    name: str = Field(primary_key=True)
    fence: int = Field(default=0, sa_type=BigInt, nullable=False)
    beat: int = Field(default=0, sa_type=BigInt, nullable=False)
    holder: str | None = None
    taken_at: datetime | None = instant(nullable=True)
    renewed_at: datetime | None = instant(nullable=True)


class Gateway(SchoolOwned, table=True):
    """How far one gateway's numbers have come (`domain.receipts`); written with the events they number."""

    school: str = Field(primary_key=True, foreign_key="school.code")
    gateway: str = Field(primary_key=True)
    covered: int = Field(default=-1, sa_type=BigInt, nullable=False)
    beyond: list[list[int]] = Field(default_factory=list, sa_type=Json, nullable=False)
    first_at: datetime | None = instant(nullable=True)
    gap_since: datetime | None = instant(nullable=True)
    heard_seconds: float = 0.0
    gap_told: list[int] | None = Field(default=None, sa_type=Json, nullable=True)
    heard_at: datetime | None = instant(nullable=True)


class Counter(SQLModel, table=True):
    """Numbers that must follow commit order: whoever takes one holds the row until the commit."""

    name: str = Field(primary_key=True)
    value: int = Field(default=0, sa_type=BigInt, nullable=False)
