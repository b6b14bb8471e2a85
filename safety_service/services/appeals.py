"""Appeals against inspections: filed by the school in time, decided by the bureau, or withdrawn."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session

from safety_service.domain import appeals as rules
from safety_service.domain.deadlines import Deadlines, days_later
from safety_service.domain.errors import Conflict, NotFound, Refused
from safety_service.domain.rectified import check_photos
from safety_service.domain.rights import Caller
from safety_service.services.cafeterias import local_day
from safety_service.services.periods import due_at, school_zone
from safety_service.services.who import names_of
from safety_service.store import appeals as store
from safety_service.store import audit, inspections
from safety_service.store.tables_cafeteria import Inspection
from safety_service.store.tables_credit import Appeal


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """What a school contests, as it was sent; no `items`: the inspection as a whole."""

    inspection: int
    items: Sequence[str]
    grounds: str
    evidence: Sequence[str] = ()


def file(
    session: Session, filing: Filing, caller: Caller, *, now: datetime, timezone: str, deadlines: Deadlines
) -> Appeal:
    """Files one. Raises NotFound for an inspection the caller cannot see, Refused after the period, Conflict
    where one is pending or was decided."""
    visit = _visit(session, filing.inspection)
    newer = inspections.corrected_by(session, visit.id)
    if newer is not None:
        raise Conflict(
            f"inspection {visit.id} was corrected by {newer}; contest that one",
            place="inspection",
            slug="inspection-corrected",
        )
    periods, today = deadlines.appeals, local_day(session, visit.school, timezone, now)
    given_on = visit.submitted_at.astimezone(school_zone(session, visit.school, timezone)).date()
    rules.check_filed(periods, given_on, today, filing.items, _failed(visit.result))
    rules.check_first(store.statuses_of(session, visit.id))
    due_on = days_later(today, periods.decide_within_days)
    row = store.add(
        session,
        {
            "school": visit.school,
            "cafeteria": visit.cafeteria,
            "inspection": visit.id,
            "items": list(dict.fromkeys(filing.items)),
            "grounds": _said(filing.grounds, "grounds"),
            "evidence": list(check_photos(filing.evidence, "evidence")),
            "status": "pending",
            "filed_at": now,
            "filed_by": caller.name,
            "due_on": due_on,
            "due_at": due_at(session, visit.school, timezone, due_on),
        },
    )
    if row is None:
        # Another one came in a moment ago.
        raise Conflict("an appeal against this inspection is pending", slug="appeal-pending")
    _record(session, "file", row, now, {"items": row.items, "due_on": due_on.isoformat()})
    return row


def decide(
    session: Session,
    number: int,
    decision: rules.Decision,
    answer: str,
    revision: int | None,
    caller: Caller,
    now: datetime,
) -> Appeal:
    """Decides a pending one. Raises Forbidden for the inspector and for whoever filed it, Refused for a
    revision that is none of the contested inspection."""
    row = store.get(session, number, hold=True)
    rules.check_pending(row.status)
    visit = _visit(session, row.inspection)
    rules.check_decider(names_of(session, caller.name), _inspectors(visit), row.filed_by)
    rules.check_revision(decision, visit.id, revision)
    if revision is not None:
        _check_corrects(session, visit, revision)
    row.status, row.answer, row.revision = decision, _said(answer, "answer"), revision
    return _end(session, row, "decide", caller, now, {"decision": decision, "revision": revision})


def withdraw(session: Session, number: int, reason: str | None, caller: Caller, now: datetime) -> Appeal:
    """The school takes a pending one back; it may file again while the period lasts."""
    row = store.get(session, number, hold=True)
    rules.check_pending(row.status)
    row.status, row.answer = "withdrawn", reason
    return _end(session, row, "withdraw", caller, now, {})


def _end(
    session: Session, row: Appeal, action: str, caller: Caller, now: datetime, detail: dict[str, Any]
) -> Appeal:
    row.ended_at, row.ended_by = now, caller.name
    store.save(session, row)
    _record(session, action, row, now, {**detail, "answer": row.answer})
    return row


def _record(session: Session, action: str, row: Appeal, now: datetime, detail: dict[str, Any]) -> None:
    detail = {"inspection": row.inspection, "cafeteria": row.cafeteria, **detail}
    audit.record(session, f"appeal.{action}", "appeal", row.id, now=now, school=row.school, detail=detail)


def _visit(session: Session, number: int) -> Inspection:
    found = inspections.find_any(session, number)
    if found is None:
        raise NotFound(f"there is no inspection {number}", place="inspection")
    return found


def _check_corrects(session: Session, visit: Inspection, revision: int) -> None:
    """A revision of the visit that came after the contested one, whether or not it was corrected since."""
    found = inspections.find_any(session, revision)
    if found is None or found.cafeteria != visit.cafeteria:
        raise Refused(f"{revision} is not an inspection of {visit.cafeteria}", place="revision")
    if found.visit != visit.visit or found.revision <= visit.revision:
        raise Refused(f"{revision} does not correct inspection {visit.id}", place="revision")


def _inspectors(visit: Inspection) -> frozenset[str]:
    return frozenset((visit.submitted_by, *visit.inspectors))


def _failed(result: Mapping[str, Any]) -> frozenset[str]:
    """The items that may be named; a visit without a checklist is contested as a whole."""
    items = result["reckoning"].get("items", [])
    return frozenset(item["code"] for item in items if item["result"] == "fail")


def _said(text: str, place: str) -> str:
    if not text.strip():
        raise Refused("must not be empty", place=place)
    return text.strip()
