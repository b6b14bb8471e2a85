"""What a submission of a visit is worth: scheme, score and comparison, and the row that is stored of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec

from safety_service.domain.errors import Refused
from safety_service.domain.inspections import (
    FACTS,
    Submission,
    check_items_named,
    visit_date,
    with_known_facts,
)
from safety_service.domain.scoring.book import SchemeBook, on_sign, pick
from safety_service.domain.scoring.comparison import Comparison, compare
from safety_service.domain.scoring.form import score_visit
from safety_service.domain.scoring.scheme import Scheme
from safety_service.domain.scoring.score import ScoreResult
from safety_service.store.tables_cafeteria import Cafeteria, Inspection


class Scored(NamedTuple):
    scheme: Scheme
    visited_on: date
    result: ScoreResult


class Earlier(NamedTuple):
    """The visit before, as far as one is compared with it."""

    id: int
    result: Mapping[str, Any]


def score_submission(submission: Submission, place: Cafeteria, book: SchemeBook, today: date) -> Scored:
    """Raises Refused with every wrong place. `today` is that of the school."""
    if submission.scheme not in book:
        raise Refused(f'"{submission.scheme}" is not a scheme (schemes: {", ".join(book)})', place="scheme")
    visited_on = visit_date(pick(book, submission.scheme), submission.form, today)
    scheme = pick(book, submission.scheme, visited_on)
    known = {name: getattr(place, name) for name in FACTS}
    form = with_known_facts(scheme, submission.form, known, visited_on)
    check_items_named(scheme, submission, visited_on)
    return Scored(scheme, visited_on, score_visit(scheme, form))


def comparable(scheme: Scheme, book: SchemeBook) -> list[str]:
    """The schemes whose grades can be compared with those of this one."""
    return on_sign(book) if scheme.on_sign else [scheme.id]


def compared(scored: Scored, previous: Inspection | Earlier | None) -> Comparison:
    labels = {band.grade: band.labels.as_json() for band in scored.scheme.bands}
    return compare(previous.result if previous else None, scored.result.as_json(), labels)


def row_of(
    place: Cafeteria,
    submission: Submission,
    scored: Scored,
    previous: Inspection | Earlier | None,
    corrected: Inspection | None = None,
) -> dict[str, Any]:
    """What is stored of a visit, beside where it came from and its place in the chain."""
    spot = submission.place
    return {
        "school": place.school,
        "cafeteria": place.id,
        "scheme": scored.scheme.id,
        "scheme_version": scored.scheme.version,
        "visited_on": scored.visited_on,
        "inspector": submission.inspectors[0] if submission.inspectors else None,
        "inspectors": list(submission.inspectors),
        "note": submission.note,
        **scored.result.headline,
        "result": scored.result.as_json(),
        "previous": previous.id if previous else None,
        "comparison": msgspec.to_builtins(compared(scored, previous)),
        "visit": corrected.visit if corrected else None,
        "revision": corrected.revision + 1 if corrected else 0,
        "corrects": corrected.id if corrected else None,
        **{name: getattr(spot, name, None) for name in ("latitude", "longitude", "accuracy_m")},
        "started_at": submission.started_at,
        "finished_at": submission.finished_at,
        "attachments": msgspec.to_builtins(submission.attachments),
        "follow_ups": {code: found.as_json() for code, found in submission.follow_ups.items()},
    }
