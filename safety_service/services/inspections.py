"""Takes in an inspection, over REST and MQTT alike: scored, stored for good, and told as an event."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlmodel import Session

from safety_service.domain.errors import Conflict, Refused
from safety_service.domain.inspections import (
    FACTS,
    Submission,
    fingerprint,
    read_submission,
    visit_date,
    with_known_facts,
)
from safety_service.domain.scoring.alarming import alarming_facts
from safety_service.domain.scoring.book import SchemeBook, pick
from safety_service.domain.scoring.comparison import Comparison, compare
from safety_service.domain.scoring.form import score_form
from safety_service.domain.scoring.scheme import Scheme
from safety_service.domain.scoring.score import ScoreResult
from safety_service.domain.types import Event
from safety_service.services import inspection_due
from safety_service.services.cafeterias import DEFAULT_ZONE, local_day
from safety_service.services.schemes import known_schemes
from safety_service.services.service_events import publish
from safety_service.store import audit, cafeterias, inspections
from safety_service.store.session import after_commit
from safety_service.store.tables_cafeteria import Cafeteria, Inspection


class SubmittedInspection(msgspec.Struct, frozen=True):
    """The stored inspection, and what the pipeline is to be told of it.

    `event` is None for a repeat, and for a visit older than the last one: it changes no grade.
    """

    inspection: Inspection
    event: Event | None
    repeated: bool


class _Scored(NamedTuple):
    scheme: Scheme
    visited_on: date
    result: ScoreResult


def submit(
    session: Session,
    *,
    school: str,
    body: object,
    submitted_by: str,
    source_key: str,
    now: datetime,
    cafeteria: str | None = None,
    book: SchemeBook | None = None,
    timezone: str = DEFAULT_ZONE,
) -> SubmittedInspection:
    """Scores and stores one inspection of a cafeteria of `school`.

    The same `source_key` (or `id` in the body, which goes before it) gives the first result again. Raises
    Refused with every wrong place, Conflict for the same key with other content; then nothing was stored.
    `timezone` is the county's, for schools without one of their own: a visit is never in the future there.
    """
    submission = read_submission(body)
    place = _lock_cafeteria(session, school, submission, cafeteria)
    key = f"id:{submission.client_id}" if submission.client_id else source_key
    known_as = {"cafeteria": place.id, "scheme": submission.scheme}
    content = fingerprint({**body, **known_as} if isinstance(body, dict) else body)
    first = inspections.find_by_source(session, school, key)
    if first is not None:
        return _repeat(first, content)
    scored = _score(submission, place, book or known_schemes(), local_day(session, school, timezone, now))
    previous = inspections.last_up_to(session, place.id, scored.visited_on)
    comparison = _compare(scored, previous)
    row = _row(place, submission, scored, previous, comparison)
    origin = {"source_key": key, "fingerprint": content, "submitted_at": now, "submitted_by": submitted_by}
    visit = inspections.add(session, {**row, **origin})
    if visit is None:
        # The same key reached another cafeteria of the school a moment ago.
        return _repeat(inspections.find_by_source(session, school, key), content)
    if place.visited_on is not None and scored.visited_on < place.visited_on:
        return SubmittedInspection(visit, None, False)
    cafeterias.show_last_visit(session, place, visit)
    inspection_due.owe_next(session, place, visit, timezone)
    return SubmittedInspection(visit, _graded(place, visit, previous, scored.result, comparison, now), False)


def tell(
    session: Session, submitted: SubmittedInspection, *, now: datetime, wake: Callable[[], None]
) -> None:
    """For an inspection that came over HTTP: its audit entry, and its event into the message log.

    `wake` runs once the transaction is committed. A repeat leaves no second trace.
    """
    if submitted.repeated:
        return
    visit = submitted.inspection
    detail = {"cafeteria": visit.cafeteria, "score": visit.score, "grade": visit.grade}
    audit.record(
        session, "inspection.submit", "inspection", visit.id, now=now, school=visit.school, detail=detail
    )
    if submitted.event is not None:
        publish(session, submitted.event)
        after_commit(session, wake)


def _row(
    place: Cafeteria,
    submission: Submission,
    scored: _Scored,
    previous: Inspection | None,
    comparison: Comparison,
) -> dict[str, Any]:
    outputs = scored.result.outputs
    return {
        "school": place.school,
        "cafeteria": place.id,
        "scheme": scored.scheme.id,
        "scheme_version": scored.scheme.version,
        "visited_on": scored.visited_on,
        "inspector": submission.inspector,
        "note": submission.note,
        **{name: outputs.get(name) for name in ("score", "grade", "icon", "reason")},
        "result": scored.result.as_json(),
        "previous": previous.id if previous else None,
        "comparison": msgspec.to_builtins(comparison),
    }


def _lock_cafeteria(
    session: Session, school: str, submission: Submission, cafeteria: str | None
) -> Cafeteria:
    named = submission.cafeteria
    if cafeteria is not None and named is not None and named != cafeteria:
        raise Refused(f"{named} is not the cafeteria {cafeteria} that it was sent to", place="cafeteria")
    wanted = cafeteria or named
    place = cafeterias.lock(session, school, wanted)
    if place is not None:
        return place
    if wanted is None:
        raise Refused(f"is missing, and {school} has not exactly one cafeteria", place="cafeteria")
    raise Refused(f"{wanted} is not a cafeteria of school {school}", place="cafeteria")


def _repeat(first: Inspection | None, content: str) -> SubmittedInspection:
    if first is None or first.fingerprint != content:
        raise Conflict(
            "this key belongs to an inspection with other content; nothing was changed",
            place="id",
            slug="inspection-key-reused",
        )
    return SubmittedInspection(first, None, True)


def _score(submission: Submission, place: Cafeteria, book: SchemeBook, today: date) -> _Scored:
    if submission.scheme not in book:
        raise Refused(f'"{submission.scheme}" is not a scheme (schemes: {", ".join(book)})', place="scheme")
    visited_on = visit_date(pick(book, submission.scheme), submission.form, today)
    scheme = pick(book, submission.scheme, visited_on)
    known = {name: getattr(place, name) for name in FACTS}
    form = with_known_facts(scheme, submission.form, known, visited_on)
    return _Scored(scheme, visited_on, score_form(scheme, form))


def _compare(scored: _Scored, previous: Inspection | None) -> Comparison:
    labels = {band.grade: band.labels.model_dump() for band in scored.scheme.bands}
    return compare(previous.result if previous else None, scored.result.as_json(), labels)


def _graded(
    place: Cafeteria,
    visit: Inspection,
    previous: Inspection | None,
    result: ScoreResult,
    comparison: Comparison,
    now: datetime,
) -> Event:
    """The grade as an event of the cafeteria: a grade drop is only a rule on its falling value."""
    attributes: dict[str, Any] = {
        "cafeteria": place.id,
        "name": {"zh": place.name_zh, "en": place.name_en},
        "inspection": str(visit.id),
        "date": visit.visited_on.isoformat(),
        "scheme": visit.scheme,
        "version": visit.scheme_version,
        "grade": visit.grade,
        "previous_grade": previous.grade if previous else None,
        "score": visit.score,
        "previous_score": previous.score if previous else None,
        "reason": visit.reason,
        "decided_by": result.decided_by,
        **msgspec.to_builtins(comparison),
        **alarming_facts(previous.result if previous else None, visit.result),
    }
    return Event(
        school=place.school,
        device=place.id,
        kind="inspection_graded",
        phase="measure",
        occurred_at=now.astimezone(UTC),
        received_at=now.astimezone(UTC),
        format="service",
        dedup_key=f"inspection-{visit.id}|measure",
        event_id=f"inspection-{visit.id}",
        value=float(result.rank),
        attributes=attributes,
    )
