"""Duties as the county changed them, their occurrences, and the records of what was done."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import update
from sqlmodel import Session, col, select

from safety_service.domain.errors import NotFound
from safety_service.store.dialect import insert
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables import School
from safety_service.store.tables_cafeteria import Cafeteria
from safety_service.store.tables_duties import DutyOccurrence, DutyRecord, StoredDuty

_AT_ONCE = 500


class OccurrenceFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`since` (included) and `until` (not) are about the due time."""

    school: str | None = None
    duty: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class RecordFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`since` (included) and `until` (not) are about when it was done."""

    school: str | None = None
    duty: str | None = None
    found: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def every_changed(session: Session) -> list[StoredDuty]:
    """By id; there are a handful."""
    return list(session.exec(select(StoredDuty).order_by(col(StoredDuty.id))))


def find_changed(session: Session, duty: str) -> StoredDuty | None:
    return session.exec(select(StoredDuty).where(StoredDuty.id == duty)).one_or_none()


def put(session: Session, row: StoredDuty) -> None:
    session.add(row)
    session.flush()


def remove(session: Session, row: StoredDuty) -> None:
    session.delete(row)
    session.flush()


def schools(session: Session) -> Sequence[School]:
    return session.exec(select(School).order_by(col(School.code))).all()


def cafeterias(session: Session) -> Sequence[Cafeteria]:
    return session.exec(select(Cafeteria).order_by(col(Cafeteria.id))).all()


def add_occurrences(session: Session, rows: Sequence[dict[str, Any]]) -> frozenset[str]:
    """Adds those that are not there yet and returns their ids."""
    added: set[str] = set()
    for start in range(0, len(rows), _AT_ONCE):
        statement = (
            insert(session, DutyOccurrence)
            .values([{"state": "open", **row} for row in rows[start : start + _AT_ONCE]])
            .on_conflict_do_nothing(index_elements=["id"])
            .returning(DutyOccurrence.id)
        )
        added.update(session.connection().execute(statement).scalars())
    return frozenset(added)


def to_come(session: Session, now: datetime) -> dict[str, set[str]]:
    """The open occurrences that are not due yet: duty -> their ids."""
    found: dict[str, set[str]] = {}
    rows = session.exec(
        select(DutyOccurrence.duty, DutyOccurrence.id).where(
            DutyOccurrence.state == "open", col(DutyOccurrence.due_at) > now
        )
    )
    for duty, name in rows:
        found.setdefault(duty, set()).add(name)
    return found


def drop_future(session: Session, duty: str, now: datetime, ids: Collection[str] | None = None) -> list[str]:
    """Takes away the open occurrences of a duty that are not due yet (those of `ids`; None: all of them) and
    returns their ids: the duty or its days have changed."""
    rows = session.exec(
        select(DutyOccurrence)
        .where(DutyOccurrence.duty == duty, DutyOccurrence.state == "open", col(DutyOccurrence.due_at) > now)
        .order_by(col(DutyOccurrence.id))
        .with_for_update()
    ).all()
    dropped = [row for row in rows if ids is None or row.id in ids]
    for row in dropped:
        session.delete(row)
    session.flush()
    return [row.id for row in dropped]


def lapse(session: Session, now: datetime) -> list[str]:
    """Those that nobody can make up for any more are missed; returns their ids."""
    ids = session.exec(
        select(DutyOccurrence.id)
        .where(DutyOccurrence.state == "open", col(DutyOccurrence.lapses_at) < now)
        .order_by(col(DutyOccurrence.id))
        .with_for_update()
    ).all()
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        session.execute(
            update(DutyOccurrence)
            .where(col(DutyOccurrence.id).in_(some))
            .values(state="missed")
            .execution_options(synchronize_session=False)
        )
    return list(ids)


def waiting(
    session: Session, duty: str, school: str, subject: str | None, done_at: datetime
) -> DutyOccurrence | None:
    """The occurrence that something done at this time counts for, locked: of several the one due first."""
    statement = (
        select(DutyOccurrence)
        .where(
            DutyOccurrence.duty == duty,
            DutyOccurrence.school == school,
            DutyOccurrence.state == "open",
            col(DutyOccurrence.subject).is_not_distinct_from(subject),
            col(DutyOccurrence.opens_at) <= done_at,
            col(DutyOccurrence.lapses_at) >= done_at,
        )
        .order_by(col(DutyOccurrence.due_at))
        .limit(1)
        .with_for_update()
    )
    return session.exec(statement).one_or_none()


def lock_occurrence(session: Session, name: str) -> DutyOccurrence | None:
    statement = select(DutyOccurrence).where(DutyOccurrence.id == name).with_for_update()
    return session.exec(statement).one_or_none()


def mark_done(session: Session, row: DutyOccurrence, record: int) -> None:
    row.state, row.record = "done", record
    session.add(row)
    session.flush()


def add_record(session: Session, row: DutyRecord) -> DutyRecord:
    session.add(row)
    session.flush()
    return row


def get_record(session: Session, number: int) -> DutyRecord:
    row = session.exec(select(DutyRecord).where(DutyRecord.id == number)).one_or_none()
    if row is None:
        raise NotFound(f"there is no duty record {number}")
    return row


def list_occurrences(
    session: Session, wanted: OccurrenceFilter, after: Key | None, limit: int
) -> Page[DutyOccurrence]:
    """By due time, the earliest first."""
    statement = select(DutyOccurrence)
    for name in ("school", "duty", "state"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(DutyOccurrence, name) == value)
    if wanted.since is not None:
        statement = statement.where(col(DutyOccurrence.due_at) >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(col(DutyOccurrence.due_at) < wanted.until)
    order = [DutyOccurrence.due_at, DutyOccurrence.id]
    return page(session, statement, order, after=after, limit=limit)


def list_records(session: Session, wanted: RecordFilter, after: Key | None, limit: int) -> Page[DutyRecord]:
    """Newest first."""
    statement = select(DutyRecord)
    for name in ("school", "duty", "found"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(DutyRecord, name) == value)
    if wanted.since is not None:
        statement = statement.where(col(DutyRecord.done_at) >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(col(DutyRecord.done_at) < wanted.until)
    return page(session, statement, [DutyRecord.id], after=after, limit=limit, descending=True)
