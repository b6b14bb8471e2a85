"""The course of one cafeteria: its visits, its annual grade month by month, its index, and where it goes."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlmodel import Session

from safety_service.domain.credit_trend import Trend, month_ends, trend
from safety_service.domain.scoring.book import SchemeBook, on_sign
from safety_service.domain.scoring.numbers import add_months
from safety_service.services.credit import annual_course
from safety_service.store import appeals, credit_index, inspections
from safety_service.store.credit_index import OfDay
from safety_service.store.inspections import Graded
from safety_service.store.tables_cafeteria import Cafeteria

MOST_VISITS = 500
_YEAR = 12


class History(msgspec.Struct, frozen=True):
    """`visits` newest first, `annual` and `index` oldest first; `contested` are visits under appeal."""

    since: date
    as_of: date
    visits: Sequence[Graded]
    contested: frozenset[int]
    annual: Sequence[tuple[date, Mapping[str, Any]]]
    index: Sequence[OfDay]
    trend: Trend


def history(session: Session, place: Cafeteria, book: SchemeBook, as_of: date, months: int) -> History:
    """The last `months` months up to a day."""
    since = add_months(as_of, -months)
    visits = inspections.graded(session, place.id, on_sign(book), since, as_of, MOST_VISITS)
    year_ago = add_months(as_of, -_YEAR)
    course = annual_course(session, place, book, [year_ago, *month_ends(as_of, months)])
    averages = {day: outputs.get("average") for day, outputs in course}
    return History(
        since=since,
        as_of=as_of,
        visits=visits,
        contested=appeals.pending_about(session, [visit.id for visit in visits]),
        annual=course[1:],
        index=credit_index.course(session, place.id, since, as_of),
        trend=trend(averages.get(as_of), averages.get(year_ago)),
    )
