"""The public face of one cafeteria: gathered from what is on record, limited to what is switched on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from safety_service.domain.disclosure import FoundItem, PutRight, SectionScore, failed, progress, sections
from safety_service.domain.errors import NotFound
from safety_service.domain.inspections import DEFAULT_SCHEME
from safety_service.domain.scoring.book import SchemeBook, on_sign, pick
from safety_service.domain.scoring.numbers import add_months
from safety_service.services.credit import Credit, credits_of
from safety_service.store import appeals, cafeterias, inspections, registry
from safety_service.store import rectifications as store
from safety_service.store.inspections import Graded
from safety_service.store.tables import School
from safety_service.store.tables_cafeteria import Cafeteria, Inspection
from safety_service.store.tables_rectification import Rectification

HISTORY_MONTHS = 24
HISTORY_VISITS = 50


class _Clock(NamedTuple):
    now: datetime
    zone: ZoneInfo


class Found(msgspec.Struct, frozen=True):
    """One failed item of the last visit; `put_right` None where that is not public, or nothing was opened."""

    item: FoundItem
    put_right: PutRight | None


class Earlier(msgspec.Struct, frozen=True):
    """Something that an earlier visit found and that is still not put right."""

    labels: Mapping[str, str]
    key: bool
    put_right: PutRight


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that may be shown; parts that are not public are None.

    `appeal_pending`: the last visit is contested. `history` is newest first, with those that are contested.
    """

    place: Cafeteria
    school: School
    as_of: date
    last: Inspection | None
    credit: Credit | None
    labels: Mapping[str, Mapping[str, str]]
    appeal_pending: bool
    found: Sequence[Found] | None
    sections: Sequence[SectionScore] | None
    earlier: Sequence[Earlier] | None
    history: Sequence[Graded] | None
    contested: frozenset[int]


def disclose(
    session: Session, cafeteria: str, parts: frozenset[str], book: SchemeBook, now: datetime, timezone: str
) -> Disclosure:
    """Raises NotFound where nothing is public, and where there is no such cafeteria."""
    place = cafeterias.find(session, cafeteria) if parts else None
    if place is None:
        raise NotFound("nothing is published under this address", slug="not-published")
    school = registry.get_school(session, place.school)
    at = _Clock(now, ZoneInfo(school.timezone or timezone))
    today = at.now.astimezone(at.zone).date()
    last = inspections.last_up_to(session, place.id, today, on_sign(book))
    history = _history(session, place, book, today) if "history" in parts else None
    numbers = {last.id} if last else set()
    contested = appeals.pending_about(session, numbers | {one.id for one in history or ()})
    rows = store.from_visits(session, place.id) if "rectified" in parts else []
    return Disclosure(
        place=place,
        school=school,
        as_of=today,
        last=last,
        credit=credits_of(session, [place], book, today)[place.id] if "grade" in parts else None,
        labels=_labels(book, place, last, history),
        appeal_pending=last is not None and last.id in contested,
        found=_found(last, rows, at) if "findings" in parts else None,
        sections=sections(last.result) if last and "findings" in parts else None,
        earlier=_earlier(last, rows, at) if "rectified" in parts else None,
        history=history,
        contested=contested,
    )


def _found(last: Inspection | None, rows: Sequence[Rectification], at: _Clock) -> list[Found]:
    if last is None:
        return []
    newest = {row.item: row for row in reversed(rows) if row.scheme == last.scheme}
    return [Found(item, _progress(newest.get(item.code), at)) for item in failed(last.result)]


def _earlier(last: Inspection | None, rows: Sequence[Rectification], at: _Clock) -> list[Earlier]:
    shown = {item.code for item in failed(last.result)} if last else set()
    return [
        Earlier(row.title, row.key, progress(at.now, row.due_at, store.state_of(row), at.zone))
        for row in rows
        if row.ended_at is None and not (last and row.scheme == last.scheme and row.item in shown)
    ]


def _progress(row: Rectification | None, at: _Clock) -> PutRight | None:
    return None if row is None else progress(at.now, row.due_at, store.state_of(row), at.zone)


def _history(session: Session, place: Cafeteria, book: SchemeBook, today: date) -> Sequence[Graded]:
    since = add_months(today, -HISTORY_MONTHS)
    return inspections.graded(session, place.id, on_sign(book), since, today, HISTORY_VISITS)


def _labels(
    book: SchemeBook, place: Cafeteria, last: Inspection | None, history: Sequence[Graded] | None
) -> Mapping[str, Mapping[str, str]]:
    """What each grade that may be shown is called."""
    schemes = {place.scheme or DEFAULT_SCHEME, *(one.scheme for one in history or ())}
    schemes |= {last.scheme} if last else set()
    return {
        band.grade: band.labels.as_json() for scheme in sorted(schemes) for band in pick(book, scheme).bands
    }
