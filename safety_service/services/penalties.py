"""Penalties as the bureau records them, and the end of their publication: applied for, never early."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec
from sqlmodel import Session

from safety_service.domain.credit_repair import CreditRepair, Outlook, check_repairable, outlook
from safety_service.domain.errors import Conflict, Forbidden, Refused
from safety_service.domain.rectified import check_photos, problems_of
from safety_service.domain.rights import Caller
from safety_service.services import cafeterias
from safety_service.services.cafeterias import county_day, local_day
from safety_service.store import audit
from safety_service.store import cafeterias as places
from safety_service.store import penalties as store
from safety_service.store.tables_credit import Penalty, Repair

Outcome = Literal["granted", "refused"]


class PenaltyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A penalty as it was sent; `amount` in yuan."""

    cafeteria: str
    kind: str
    subject: str
    decided_on: date
    amount: Decimal | None = None
    published_on: date | None = None
    operator: str | None = None
    reference: str | None = None
    note: str | None = None


class Shown(msgspec.Struct, frozen=True):
    """A penalty with what today knows of its repair, and the applications so far."""

    penalty: Penalty
    outlook: Outlook
    repairs: Sequence[Repair]


def record(
    session: Session, sent: PenaltyRecord, by: str, rules: CreditRepair, *, now: datetime, timezone: str
) -> Penalty:
    """Keeps one. One heavier than a warning becomes the cafeteria's, unless a later one is known.

    Raises NotFound for a cafeteria that is not there, Refused with every wrong place, Conflict for a
    reference that is recorded already.
    """
    place = places.get(session, sent.cafeteria)
    _check(sent, rules, local_day(session, place.school, timezone, now))
    row = store.add(
        session,
        {
            "school": place.school,
            "cafeteria": place.id,
            "operator": sent.operator,
            "kind": sent.kind,
            "subject": sent.subject,
            "amount": None if sent.amount is None else str(sent.amount),
            "decided_on": sent.decided_on,
            "published_on": sent.published_on,
            "reference": sent.reference,
            "note": sent.note,
            "recorded_at": now,
            "recorded_by": by,
        },
    )
    if row is None:
        raise Conflict(f"{place.id} has a penalty {sent.reference} already", slug="penalty-recorded")
    detail = {"cafeteria": row.cafeteria, "kind": row.kind, "date": row.decided_on.isoformat()}
    _record(session, "penalty.record", row, now, {**detail, "amount": row.amount})
    known = place.penalty_beyond_warning
    if rules.kind(sent.kind).beyond_warning and (known is None or known < sent.decided_on):
        changes = {"penalty_beyond_warning": sent.decided_on}
        cafeterias.put(session, place.id, changes, now=now, timezone=timezone)
    return row


def publish(session: Session, number: int, day: date, *, now: datetime, timezone: str) -> Penalty:
    """Says from which day a penalty is published; said once."""
    row = store.get(session, number, hold=True)
    if row.published_on is not None:
        raise Conflict(f"it is published since {row.published_on}", slug="penalty-published")
    problems = _days(row.decided_on, day, local_day(session, row.school, timezone, now))
    _refuse(problems)
    row.published_on = day
    store.save(session, [row])
    _record(session, "penalty.publish", row, now, {"published_on": day.isoformat()})
    return row


def show(
    session: Session, rows: Sequence[Penalty], rules: CreditRepair, *, now: datetime, timezone: str
) -> list[Shown]:
    """The penalties with their outlook of today in the county."""
    today = county_day(timezone, now)
    others = store.facts_by_cafeteria(session, [row.cafeteria for row in rows])
    repairs = store.repairs_of(session, [row.id for row in rows])
    return [
        Shown(
            row,
            outlook(rules, store.facts_of(row), others[row.cafeteria], today),
            repairs.get(row.id, []),
        )
        for row in rows
    ]


def apply(
    session: Session,
    number: int,
    *,
    conditions: Sequence[str],
    statement: str,
    evidence: Sequence[str],
    by: str,
    rules: CreditRepair,
    now: datetime,
    timezone: str,
) -> Repair:
    """Applies for the end of the publication. Raises Refused before its day and for a condition that is not
    claimed or does not hold, Conflict where it was ended or an application is pending."""
    row, today, view = _held(session, number, rules, now, timezone)
    check_repairable(view, conditions, today)
    if not statement.strip():
        raise Refused("must not be empty", place="statement")
    assert view.repairable_on is not None  # check_repairable refuses what is not published
    repair = store.add_repair(
        session,
        {
            "penalty": row.id,
            "school": row.school,
            "repair_class": view.repair_class.id,
            "repairable_on": view.repairable_on,
            "conditions": list(dict.fromkeys(conditions)),
            "statement": statement.strip(),
            "evidence": list(check_photos(evidence, "evidence")),
            "status": "pending",
            "applied_at": now,
            "applied_by": by,
        },
    )
    if repair is None:
        raise Conflict("an application is pending", slug="repair-pending")
    detail = {"conditions": repair.conditions, "repairable_on": repair.repairable_on.isoformat()}
    _record(session, "repair.apply", row, now, detail)
    return repair


def decide(
    session: Session,
    number: int,
    outcome: Outcome,
    answer: str,
    caller: Caller,
    rules: CreditRepair,
    *,
    now: datetime,
    timezone: str,
) -> Repair:
    """Decides the pending application. Raises Forbidden for who applied, Refused where the record has come to
    contradict a condition and it is to be granted all the same."""
    row, today, view = _held(session, number, rules, now, timezone)
    asked = store.repairs_of(session, [number]).get(number, [])
    repair = next((one for one in asked if one.status == "pending"), None)
    if repair is None:
        raise Conflict("no application is pending", slug="repair-not-pending")
    if repair.applied_by == caller.name:
        raise Forbidden("somebody else than who applied must decide it", slug="own-work")
    if not answer.strip():
        raise Refused("must not be empty", place="answer")
    if outcome == "granted":
        check_repairable(view, repair.conditions, today)
        row.repaired_on = today
    repair.status, repair.answer = outcome, answer.strip()
    repair.ended_at, repair.ended_by = now, caller.name
    store.save(session, [row, repair])
    _record(session, "repair.decide", row, now, {"decision": outcome, "answer": repair.answer})
    return repair


def _held(
    session: Session, number: int, rules: CreditRepair, now: datetime, timezone: str
) -> tuple[Penalty, date, Outlook]:
    row = store.get(session, number, hold=True)
    if row.repaired_on is not None:
        raise Conflict(f"it was repaired on {row.repaired_on}", slug="penalty-repaired")
    today = local_day(session, row.school, timezone, now)
    others = store.facts_by_cafeteria(session, [row.cafeteria])[row.cafeteria]
    return row, today, outlook(rules, store.facts_of(row), others, today)


def _check(sent: PenaltyRecord, rules: CreditRepair, today: date) -> None:
    problems = problems_of(rules.kind, sent.kind) + problems_of(rules.subject, sent.subject)
    if sent.decided_on > today:
        problems.append(("date", f"{sent.decided_on} is in the future (today is {today})"))
    if sent.published_on is not None:
        problems += _days(sent.decided_on, sent.published_on, today)
    _refuse(problems)


def _days(decided_on: date, published_on: date, today: date) -> list[tuple[str, str]]:
    if published_on > today:
        return [("published_on", f"{published_on} is in the future (today is {today})")]
    if published_on < decided_on:
        return [("published_on", f"{published_on} is before the penalty of {decided_on}")]
    return []


def _refuse(problems: list[tuple[str, str]]) -> None:
    if problems:
        raise Refused(problems[0][1], place=problems[0][0], problems=problems)


def _record(session: Session, action: str, row: Penalty, now: datetime, detail: dict[str, Any]) -> None:
    audit.record(session, action, "penalty", row.id, now=now, school=row.school, detail=detail)
