"""The note at the end of a shift: written with what is open, kept, and taken by whoever comes next."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from safety_service.domain.errors import Conflict, Refused
from safety_service.domain.rights import Caller
from safety_service.domain.types import SEVERITIES
from safety_service.services.view_figures import rfc3339
from safety_service.store import audit, rectifications, registry, view_duties
from safety_service.store import handovers as store
from safety_service.store.tables import StoredAlert
from safety_service.store.tables_desk import Handover
from safety_service.store.tables_suppression import QuietTime

LONGEST_NOTE = 4000
MOST_ALERTS = 100
MOST_SILENCES = 50


def standing(session: Session, school: str | None, now: datetime) -> dict[str, Any]:
    """What is open at a desk: counts, the alerts (worst and oldest first, the first hundred), silences.

    `school` None: everything that the session sees.
    """
    counts = store.open_counts(session, school)
    return {
        "by_severity": {name: counts.get(name, (0, 0))[0] for name in SEVERITIES},
        "unacknowledged": sum(waiting for _, waiting in counts.values()),
        "alerts": [_alert(row) for row in store.open_alerts(session, school, MOST_ALERTS)],
        "silences": [_silence(row) for row in store.standing_silences(session, school, now, MOST_SILENCES)],
        "rectifications_overdue": rectifications.count_overdue(session, now, school),
        "duties_overdue": view_duties.overdue(session, now, school),
    }


def _alert(row: StoredAlert) -> dict[str, Any]:
    plain = ("id", "title", "severity", "condition", "school", "zone", "device", "acknowledged_by")
    return {**{name: getattr(row, name) for name in plain}, "raised_at": rfc3339(row.raised_at)}


def _silence(row: QuietTime) -> dict[str, Any]:
    plain = ("id", "school", "match", "comment")
    return {**{name: getattr(row, name) for name in plain}, "ends_at": rfc3339(row.ends_at)}


def write(session: Session, note: str, school: str | None, caller: Caller, now: datetime) -> Handover:
    """Keeps the note with what is open now. Raises Refused without words, Forbidden for the county's desk
    without every school."""
    caller.must("alerts:handle", county=school is None)
    if not note.strip():
        raise Refused("say what the next shift must know", place="body.note")
    if school is not None:
        registry.get_school(session, school)
    row = Handover(
        school=school,
        note=note.strip(),
        open=standing(session, school, now),
        written_at=now,
        written_by=caller.name,
    )
    store.add(session, row)
    detail = {"open": row.open["by_severity"]}
    audit.record(session, "handover.write", "handover", row.id, now=now, school=school, detail=detail)
    return row


def take(session: Session, number: int, caller: Caller, now: datetime) -> Handover:
    """Says: I have read it, the desk is mine. Raises Conflict where somebody has said so already."""
    row = store.get(session, number, hold=True)
    if row.taken_at is not None:
        raise Conflict(f"{row.taken_by} has taken it already", slug="already-taken")
    row.taken_at, row.taken_by = now, caller.name
    store.add(session, row)
    detail = {"written_by": row.written_by}
    audit.record(session, "handover.take", "handover", row.id, now=now, school=row.school, detail=detail)
    return row
