"""What the county publishes of a cafeteria on a day: its annual grade, and whether its sign hangs."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from sqlmodel import Session

from safety_service.domain.errors import Refused
from safety_service.domain.inspections import DEFAULT_SCHEME, FACTS
from safety_service.domain.scoring.book import SchemeBook, pick
from safety_service.domain.scoring.measure_params import WindowMean
from safety_service.domain.scoring.numbers import add_months, exact
from safety_service.domain.scoring.overrides import Withdrawal, sign_withdrawn
from safety_service.domain.scoring.scheme import Scheme
from safety_service.domain.scoring.score import ScoreResult, score
from safety_service.store import inspections
from safety_service.store.session import is_writing, pool_of
from safety_service.store.tables_cafeteria import Cafeteria

MOST_KEPT = 50_000


class Credit(msgspec.Struct, frozen=True):
    """What the county publishes of a cafeteria on a day, beside its last visit.

    `annual`: the outputs of the annual grade (average, grade, letter, counted), empty where no scheme
    aggregates the visits. `withdrawn`: the sign is off the wall, whatever the last visit gave.
    """

    annual: Mapping[str, Any]
    withdrawn: Withdrawal | None


class _Kept(msgspec.Struct, frozen=True):
    """An annual grade, good as long as the cafeteria's newest record is this one."""

    newest: int
    year: tuple[str, str]
    outputs: Mapping[str, Any]


_KEPT: WeakKeyDictionary[Any, dict[tuple[str, str, date], _Kept]] = WeakKeyDictionary()
"""By database: a year of visits is counted once, not for every list that shows its mean."""


def credits_of(
    session: Session, rows: Sequence[Cafeteria], book: SchemeBook, as_of: date
) -> dict[str, Credit]:
    """The credit of each cafeteria on a day, by id."""
    found: dict[str, Credit] = {}
    by_scheme: dict[str, list[Cafeteria]] = {}
    for row in rows:
        by_scheme.setdefault(row.scheme or DEFAULT_SCHEME, []).append(row)
    for scheme_id, group in by_scheme.items():
        scheme = pick(book, scheme_id)
        annual = annual_outputs(session, [row.id for row in group], scheme, book, as_of)
        for row in group:
            dates = {name: getattr(row, name) for name in FACTS}
            found[row.id] = Credit(annual.get(row.id, {}), sign_withdrawn(scheme, dates, as_of))
    return found


def annual_in_full(session: Session, row: Cafeteria, book: SchemeBook, as_of: date) -> ScoreResult | None:
    """The annual grade of one cafeteria with its whole reckoning, None where no scheme aggregates."""
    scheme = pick(book, row.scheme or DEFAULT_SCHEME)
    year = _year(scheme, book, as_of)
    if year is None:
        return None
    opens = add_months(as_of, -_window(year).window_months)
    visits = inspections.scored(session, [row.id], scheme.id, after=opens, up_to=as_of)
    return _scored(year, as_of, [{"date": one.visited_on, "score": one.score} for one in visits])


def annual_course(
    session: Session, row: Cafeteria, book: SchemeBook, days: Sequence[date]
) -> list[tuple[date, Mapping[str, Any]]]:
    """The outputs of the annual grade of one cafeteria on each day; one look at its visits for all of them.

    Empty on a day on which no rule for it was in force.
    """
    scheme = pick(book, row.scheme or DEFAULT_SCHEME)
    years = {day: _year_in_force(scheme, book, day) for day in days}
    opens = {day: add_months(day, -_window(year).window_months) for day, year in years.items() if year}
    if not opens:
        return [(day, {}) for day in days]
    visits = inspections.scored(session, [row.id], scheme.id, after=min(opens.values()), up_to=max(days))
    scored = [(one.visited_on, number) for one in visits if (number := exact(one.score)) is not None]
    course: list[tuple[date, Mapping[str, Any]]] = []
    for day in days:
        year = years[day]
        inside = [(number, 1) for on, number in scored if year and opens[day] < on <= day]
        course.append((day, _mean_outputs(year, day, inside) if year else {}))
    return course


def _year_in_force(scheme: Scheme, book: SchemeBook, day: date) -> Scheme | None:
    try:
        return _year(scheme, book, day)
    except Refused:
        return None


def annual_outputs(
    session: Session, ids: Sequence[str], scheme: Scheme, book: SchemeBook, as_of: date
) -> dict[str, Mapping[str, Any]]:
    """The outputs of the annual grades without the steps; the same as in full, and quick for a county."""
    year = _year(scheme, book, as_of)
    if year is None:
        return {}
    if is_writing(session):
        # What is not committed yet may never be.
        return _count(session, ids, scheme, year, as_of)
    kept = _KEPT.setdefault(pool_of(session), {})
    newest = inspections.newest_records(session, ids)
    version = year.id, year.version
    found = {}
    for cafeteria in ids:
        known = kept.get((cafeteria, scheme.id, as_of))
        if known is not None and (known.newest, known.year) == (newest.get(cafeteria, 0), version):
            found[cafeteria] = known.outputs
    missing = [cafeteria for cafeteria in ids if cafeteria not in found]
    if len(kept) + len(missing) > MOST_KEPT:
        kept.clear()
    for cafeteria, outputs in _count(session, missing, scheme, year, as_of).items():
        kept[cafeteria, scheme.id, as_of] = _Kept(newest.get(cafeteria, 0), version, outputs)
        found[cafeteria] = outputs
    return found


def _year(scheme: Scheme, book: SchemeBook, as_of: date) -> Scheme | None:
    if scheme.aggregate is None:
        return None
    year = pick(book, scheme.aggregate, as_of)
    return year if isinstance(year.measure, WindowMean) and year.inputs.as_of is not None else None


def _window(year: Scheme) -> WindowMean:
    assert isinstance(year.measure, WindowMean)
    return year.measure


def _count(
    session: Session, ids: Sequence[str], scheme: Scheme, year: Scheme, as_of: date
) -> dict[str, Mapping[str, Any]]:
    if not ids:
        return {}
    opens = add_months(as_of, -_window(year).window_months)
    tallied: dict[str, list[tuple[Fraction, int]]] = {cafeteria: [] for cafeteria in ids}
    for cafeteria, text, count in inspections.tallies(session, ids, scheme.id, after=opens, up_to=as_of):
        number = exact(text)
        if number is not None:
            tallied[cafeteria].append((number, count))
    return {cafeteria: _mean_outputs(year, as_of, tally) for cafeteria, tally in tallied.items()}


def _mean_outputs(year: Scheme, as_of: date, tally: Sequence[tuple[Fraction, int]]) -> Mapping[str, Any]:
    """The mean of many scores is the mean of one visit with that score: exactly, for it is a fraction."""
    count = sum(times for _, times in tally)
    total = sum((number * times for number, times in tally), Fraction(0))
    outputs = _scored(year, as_of, [{"date": as_of, "score": total / count}] if count else []).outputs
    counted = {name: count for name, source in year.outputs.items() if source == "count"}
    return {**outputs, **counted}


def _scored(year: Scheme, as_of: date, visits: list[dict[str, Any]]) -> ScoreResult:
    assert year.inputs.as_of is not None
    return score(year, {year.inputs.as_of: as_of, _window(year).of: visits})
