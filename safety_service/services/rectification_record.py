"""Writes each step of a rectification: the row, its history, the audit trail, and what the rules watch."""

from datetime import date, datetime, tzinfo
from typing import Any

import msgspec
from sqlmodel import Session

from safety_service.domain import rectifications as life
from safety_service.domain.deadlines import end_of_day
from safety_service.domain.obligations import Obligation
from safety_service.domain.rectified import OWED, Change, Rectified, Step
from safety_service.services.periods import school_zone
from safety_service.store import audit, obligations
from safety_service.store import rectifications as store
from safety_service.store.tables_rectification import Rectification

_VERBS = {
    "opened": "open",
    "found_again": "find_again",
    "kept": "keep",
    "taken_back": "take_back",
    "assigned": "assign",
    "done": "done",
    "returned": "return",
    "accepted": "accept",
    "cancelled": "cancel",
    "commented": "comment",
}


class Occasion(msgspec.Struct, frozen=True):
    """One moment at one school: who acts, and what day it is there."""

    session: Session
    school: str
    by: str
    now: datetime
    zone: tzinfo

    @property
    def today(self) -> date:
        return self.day_of(self.now)

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


def occasion(session: Session, school: str, by: str, now: datetime, timezone: str) -> Occasion:
    """`timezone` is the county's, for schools without one of their own. Raises NotFound for no school."""
    return Occasion(session, school, by, now, school_zone(session, school, timezone))


def add(at: Occasion, row: dict[str, Any], first: Rectified, note: str | None) -> Rectification | None:
    place = {
        **row,
        "school": at.school,
        "note": note.strip() or None if note else None,
        "due_at": end_of_day(first.due_on, at.zone),
        "opened_at": at.now,
        "opened_by": at.by,
    }
    found = store.add(at.session, place, first)
    if found is not None:
        step = life.opened(first, at.by, at.now, note, found.inspection)
        store.add_step(at.session, found, step)
        _tell(at, found, step)
    return found


def write(at: Occasion, row: Rectification, change: Change) -> None:
    after, step = change
    store.apply(at.session, row, after, end_of_day(after.due_on, at.zone), step)
    _tell(at, row, step)


def _tell(at: Occasion, row: Rectification, step: Step) -> None:
    """The trail, and the rules that watch what is owed."""
    detail = {"status": row.status, "by": step.by, **step.detail}
    if step.inspection is not None:
        detail["inspection"] = step.inspection
    action = f"rectification.{_VERBS[step.action]}"
    audit.record(at.session, action, "rectification", row.id, now=at.now, school=row.school, detail=detail)
    if step.action == "commented":
        return
    if row.status in OWED:
        obligations.put(at.session, [_obligation(row)])
    else:
        done_at, cancelled = row.done_at or at.now, row.status == "cancelled"
        obligations.close(at.session, "rectification", [str(row.id)], done_at, cancelled=cancelled)


def _obligation(row: Rectification) -> Obligation:
    return Obligation(
        of="rectification",
        id=str(row.id),
        school=row.school,
        subject=row.cafeteria or row.zone,
        type=row.item or row.source,
        title=row.title,
        due_at=row.due_at,
        severity="major" if row.key else None,
    )
