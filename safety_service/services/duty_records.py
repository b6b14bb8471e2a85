"""Records of duties: each closes what was owed, and evidence beyond a limit is told to the rules at once."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlmodel import Session

from safety_service.domain.duties import Duty
from safety_service.domain.duty_records import Breach, Problems, breaches, check_time, read_evidence, refuse
from safety_service.domain.errors import Conflict, Refused
from safety_service.domain.obligations import OVERDUE_KIND
from safety_service.domain.types import Event
from safety_service.services import duties
from safety_service.services.service_events import publish
from safety_service.store import audit, cafeterias, obligations, registry
from safety_service.store import duties as store
from safety_service.store.session import after_commit
from safety_service.store.tables_duties import DutyOccurrence, DutyRecord


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it was sent. `cafeteria` None: the school's only one, where the duty is one of a cafeteria;
    `occurrence` None: what is open at `done_at`."""

    duty: str
    school: str
    cafeteria: str | None = None
    occurrence: str | None = None
    done_at: datetime
    done_by: str
    found: str
    note: str | None = None
    evidence: Mapping[str, Any]


def record(session: Session, sent: Sent, *, by: str, now: datetime, wake: Callable[[], None]) -> DutyRecord:
    """Keeps the record, closes what it was owed by, and tells of each breach.

    Raises Refused with every wrong place, NotFound for a school that is not there, Conflict where the named
    occurrence is done or missed already. Nothing is stored then.
    """
    duty = duties.known(session).get(sent.duty)
    if duty is None:
        raise Refused(f"there is no duty {sent.duty!r}", place="duty")
    registry.get_school(session, sent.school)
    problems: Problems = []
    subject = _subject(session, duty, sent, problems)
    check_time(sent.done_at, now, problems)
    evidence = read_evidence(duty, sent.evidence, problems)
    refuse(problems)
    occurrence = _occurrence(session, sent, subject)
    beyond = breaches(duty, evidence)
    row = DutyRecord(
        duty=duty.id,
        school=sent.school,
        subject=subject,
        occurrence=occurrence.id if occurrence is not None else None,
        evidence=evidence,
        breaches=[msgspec.to_builtins(one) for one in beyond],
        recorded_at=now,
        recorded_by=by,
        **{name: getattr(sent, name) for name in ("done_at", "done_by", "found", "note")},
    )
    store.add_record(session, row)
    if occurrence is not None:
        store.mark_done(session, occurrence, row.id)
        obligations.close(session, "duty", [occurrence.id], sent.done_at)
    for one in beyond:
        publish(session, _breach(duty, row, one, now))
    after_commit(session, wake)
    detail = {"duty": duty.id, "found": row.found, "occurrence": row.occurrence}
    audit.record(session, "duty.record", "duty_record", row.id, now=now, school=row.school, detail=detail)
    return row


def _subject(session: Session, duty: Duty, sent: Sent, problems: Problems) -> str | None:
    if duty.per == "school":
        if sent.cafeteria is not None:
            problems.append(("cafeteria", f"{duty.id} is a duty of the school and not of a cafeteria"))
        return None
    place = cafeterias.lock(session, sent.school, sent.cafeteria)
    if place is None and sent.cafeteria is None:
        problems.append(("cafeteria", f"is missing, and {sent.school} has not exactly one cafeteria"))
    elif place is None:
        problems.append(("cafeteria", f"{sent.cafeteria} is not a cafeteria of school {sent.school}"))
    return place.id if place is not None else None


def _occurrence(session: Session, sent: Sent, subject: str | None) -> DutyOccurrence | None:
    if sent.occurrence is None:
        return store.waiting(session, sent.duty, sent.school, subject, sent.done_at)
    row = store.lock_occurrence(session, sent.occurrence)
    if row is None or (row.duty, row.school, row.subject) != (sent.duty, sent.school, subject):
        raise Refused(f"{sent.occurrence} is no occurrence of this duty at this place", place="occurrence")
    if row.state != "open":
        raise Conflict(f"{row.id} is {row.state} already", place="occurrence", slug="duty-not-open")
    return row


def _breach(duty: Duty, row: DutyRecord, one: Breach, now: datetime) -> Event:
    """Evidence beyond its limit, as an event of the place: an alert is only a rule on it."""
    attributes: dict[str, Any] = {
        "duty": duty.id,
        "breach": one.name,
        "limit": one.limit,
        "unit": one.unit,
        "record": str(row.id),
        "title": {"zh": duty.title.zh, "en": duty.title.en},
    }
    at = now.astimezone(UTC)
    return Event(
        school=row.school,
        device=row.subject or row.school,
        kind=OVERDUE_KIND,
        phase="pulse",
        occurred_at=at,
        received_at=at,
        format="service",
        dedup_key=f"duty-record-{row.id}-{one.name}|pulse",
        event_id=f"duty-record-{row.id}-{one.name}",
        value=one.value,
        attributes=attributes,
    )
