"""What a submission of a visit is worth: the scheme in force, its score, and how that compares."""

from datetime import date
from typing import NamedTuple

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


def compared(scored: Scored, previous: Inspection | None) -> Comparison:
    labels = {band.grade: band.labels.model_dump() for band in scored.scheme.bands}
    return compare(previous.result if previous else None, scored.result.as_json(), labels)
