"""Takes in an inspection, over REST and MQTT alike: scored, stored for good, and told as an event."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlmodel import Session

from safety_service.domain.deadlines import Deadlines
from safety_service.domain.errors import Conflict, Refused
from safety_service.domain.failed_items import failed_items
from safety_service.domain.inspections import (
    Draft,
    RefusedInspection,
    Submission,
    check_times,
    client_id_of,
    fingerprint,
    read_submission,
)
from safety_service.domain.planning import Planning
from safety_service.domain.scoring.book import SchemeBook, on_sign, pick
from safety_service.domain.types import Event
from safety_service.services import inspection_drafts, inspection_due, inspection_plans
from safety_service.services.cafeterias import DEFAULT_ZONE, local_day
from safety_service.services.inspection_events import graded, scored_beside
from safety_service.services.inspection_scoring import comparable, row_of, score_submission
from safety_service.services.rectifications import open_for_inspection
from safety_service.services.schemes import known_schemes
from safety_service.services.service_events import publish
from safety_service.store import audit, cafeterias, inspection_chain, inspections
from safety_service.store.session import after_commit
from safety_service.store.tables_cafeteria import Cafeteria, Inspection


class SubmittedInspection(msgspec.Struct, frozen=True):
    """The stored inspection, and what the pipeline is to be told of it.

    `event` is None for a repeat, and for a visit older than the last one: it changes no grade. A visit under
    a scheme that is not on the sign is told whenever it was made: it stands beside the grade.
    """

    inspection: Inspection
    event: Event | None
    repeated: bool


class _Sent(NamedTuple):
    school: str
    cafeteria: str | None
    body: object
    by: str
    source_key: str
    now: datetime
    timezone: str
    deadlines: Deadlines | None
    intervals: Planning | None


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
    deadlines: Deadlines | None = None,
    intervals: Planning | None = None,
) -> SubmittedInspection:
    """Scores and stores one inspection of a cafeteria of `school`, or a correction of an earlier one.

    The same `source_key` (or `id` in the body, which goes before it) gives the first result again. Raises
    Refused with every wrong place (RefusedInspection where the body has an id, so that it can be kept),
    Conflict for the same key with other content; then nothing was stored. `timezone` is the county's, for
    schools without one of their own: a visit is never in the future there.
    """
    sent = _Sent(school, cafeteria, body, submitted_by, source_key, now, timezone, deadlines, intervals)
    try:
        return _submit(session, sent, book or known_schemes())
    except Refused as error:
        draft = _draft(sent)
        if draft is None:
            raise
        raise RefusedInspection(error, draft) from error


def _submit(session: Session, sent: _Sent, book: SchemeBook) -> SubmittedInspection:
    submission = read_submission(sent.body)
    check_times(submission, sent.now)
    number = inspection_chain.hold(session)
    place = _lock_cafeteria(session, sent.school, submission, sent.cafeteria)
    key = f"id:{submission.client_id}" if submission.client_id else sent.source_key
    known_as = {"cafeteria": place.id, "scheme": submission.scheme}
    content = fingerprint({**sent.body, **known_as} if isinstance(sent.body, dict) else sent.body)
    first = inspections.find_by_source(session, sent.school, key)
    if first is not None:
        return _repeat(first, content)
    corrected = _corrected(session, place, submission)
    today = local_day(session, sent.school, sent.timezone, sent.now)
    scored = score_submission(submission, place, book, today)
    own = corrected.visit if corrected is not None else number
    like = comparable(scored.scheme, book)
    previous = inspections.last_before(session, place.id, scored.visited_on, own, like)
    row = row_of(place, submission, scored, previous, corrected)
    origin = {
        "source_key": key, "fingerprint": content, "submitted_at": sent.now, "submitted_by": sent.by,
    }  # fmt: skip
    visit = inspections.add(session, {**row, **origin})
    if visit is None:
        # The same key reached another cafeteria of the school a moment ago.
        return _repeat(inspections.find_by_source(session, sent.school, key), content)
    _settle(session, sent, visit, submission)
    event = _show_last(session, sent, place, visit, book)
    if event is None and not scored.scheme.on_sign:
        event = scored_beside(place, visit, previous, now=sent.now)
    return SubmittedInspection(visit, event, False)


def _settle(session: Session, sent: _Sent, visit: Inspection, submission: Submission) -> None:
    """Its draft and the visit that was planned wait no longer; what failed is to be put right from now on."""
    if submission.client_id is not None:
        inspection_drafts.accepted(session, visit.cafeteria, submission.client_id)
    if visit.corrects is None:
        inspection_plans.visited(session, visit, sent.timezone)
    open_for_inspection(
        session,
        visit,
        failed_items(visit.result, submission.follow_ups, submission.attachments),
        sent.now,
        sent.by,
        corrects=visit.corrects,
        timezone=sent.timezone,
        deadlines=sent.deadlines,
    )


def _show_last(
    session: Session, sent: _Sent, place: Cafeteria, visit: Inspection, book: SchemeBook
) -> Event | None:
    """The cafeteria shows its last visit under a scheme of the sign; the event where that is another one now.

    A correction can make any other visit the last, or, under a scheme that is not on the sign, leave none.
    """
    last = inspections.last(session, place.id, on_sign(book))
    if place.inspection == (last.id if last is not None else None):
        return None
    cafeterias.show_last_visit(session, place, last)
    intervals = sent.intervals or inspection_due.known_planning()
    inspection_due.owe_next(session, place, intervals, sent.timezone, sent.now)
    if last is None:
        return None
    previous = inspections.read(session, last.previous) if last.previous is not None else None
    rank = pick(book, last.scheme, last.visited_on).rank(last.grade)
    return graded(place, last, previous, rank, told_by=visit, now=sent.now)


def tell(
    session: Session, submitted: SubmittedInspection, *, now: datetime, wake: Callable[[], None]
) -> None:
    """For an inspection that came over HTTP: its audit entry, and its event into the message log.

    `wake` runs once the transaction is committed. A repeat leaves no second trace.
    """
    if submitted.repeated:
        return
    visit = submitted.inspection
    detail: dict[str, Any] = {"cafeteria": visit.cafeteria, "score": visit.score, "grade": visit.grade}
    action = "inspection.submit"
    if visit.corrects is not None:
        action, detail = "inspection.correct", {**detail, "corrects": visit.corrects, "why": visit.note}
    audit.record(session, action, "inspection", visit.id, now=now, school=visit.school, detail=detail)
    if submitted.event is not None:
        publish(session, submitted.event)
    # Also without an event: what is owed has changed.
    after_commit(session, wake)


def _corrected(session: Session, place: Cafeteria, submission: Submission) -> Inspection | None:
    """What the submission corrects: an inspection of this cafeteria that nothing else corrects."""
    if submission.corrects is None:
        return None
    found = inspections.find(session, place.id, submission.corrects)
    if found is None:
        raise Refused(f"{submission.corrects} is not an inspection of cafeteria {place.id}", place="corrects")
    newer = inspections.corrected_by(session, found.id)
    if newer is not None:
        raise Refused(f"{found.id} was corrected by {newer} already; correct that one", place="corrects")
    return found


def _draft(sent: _Sent) -> Draft | None:
    """What is worth keeping of a submission that is refused: nothing where it has no id to be found by."""
    client_id = client_id_of(sent.body)
    if client_id is None or not isinstance(sent.body, dict):
        return None
    named = sent.body.get("cafeteria")
    cafeteria = sent.cafeteria or (named if isinstance(named, str) else None)
    return Draft(sent.school, cafeteria, client_id, sent.body, sent.by, sent.now)


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
