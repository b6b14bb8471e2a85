"""Open data: the LIVES set as one ZIP of CSV files, and establishments in the manner of FHRS."""

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import IO, Any, Literal, Protocol

import msgspec
from sqlmodel import Session

from safety_service.domain import feeds as feed
from safety_service.domain.disclosure import failed
from safety_service.domain.errors import Refused
from safety_service.domain.feeds import FHRS, Business
from safety_service.domain.inspections import DEFAULT_SCHEME
from safety_service.domain.scoring.book import SchemeBook, on_sign, pick
from safety_service.services.cafeterias import county_day
from safety_service.store import appeals
from safety_service.store import feeds as store
from safety_service.store.feeds import Placed

Language = Literal["zh", "en"]
_IN_MEMORY_BYTES = 8 << 20
_DATED = 1980
"""Older than this a ZIP cannot say."""


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted and who publishes it; `since` and `until` limit the visits, both included."""

    book: SchemeBook
    now: datetime
    timezone: str
    municipality: str
    url: str | None = None
    language: Language = "zh"
    since: date | None = None
    until: date | None = None

    @property
    def today(self) -> date:
        return county_day(self.timezone, self.now)


class _Table(Protocol):
    """What `csv.writer` makes."""

    def writerow(self, row: Sequence[str], /) -> object: ...

    def writerows(self, rows: Iterable[Sequence[str]], /) -> object: ...


def write_lives(session: Session, wanted: Feed, target: IO[bytes]) -> None:
    """Writes the ZIP: businesses, inspections, violations, feed_info, legend.

    The visits under the schemes of the sign, as far as their scores can be laid on 0 to 100; corrected ones
    in their newest revision. Raises Refused where the county has no such scheme.
    """
    schemes = [
        scheme for scheme in on_sign(wanted.book) if feed.can_be_a_percentage(pick(wanted.book, scheme))
    ]
    if not schemes:
        raise Refused("no scheme of the sign has scores that can be laid on 0 to 100", place="schemes")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        businesses = (feed.lives_business(one) for one in _businesses(session, wanted))
        _member(archive, wanted, "businesses.csv", feed.BUSINESSES, businesses)
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES, mode="w+b") as violations:
            # Both come of one look at each visit, and a ZIP takes one file after the other.
            with _table(violations, feed.VIOLATIONS) as beside:
                inspections = _inspections(session, wanted, schemes, beside)
                _member(archive, wanted, "inspections.csv", feed.INSPECTIONS, inspections)
            violations.seek(0)
            with archive.open(_entry(wanted, "violations.csv"), "w") as member:
                while block := violations.read(1 << 16):
                    member.write(block)
        info = (feed.compact(wanted.today), feed.LIVES_VERSION, wanted.municipality, wanted.url or "", "")
        _member(archive, wanted, "feed_info.csv", feed.FEED_INFO, [tuple(map(feed.clean, info))])
        scheme = DEFAULT_SCHEME if DEFAULT_SCHEME in schemes else schemes[0]
        rows = feed.legend(pick(wanted.book, scheme), wanted.language)
        _member(archive, wanted, "legend.csv", feed.LEGEND, rows)


def fhrs(session: Session, wanted: Feed) -> dict[str, Any]:
    """Every cafeteria in the shape of the FHRS open data, with the rating of its last visit."""
    placed = store.placed(session)
    rated = [one.cafeteria.inspection for one in placed if one.cafeteria.scheme == FHRS]
    results = store.last_results(session, [number for number in rated if number is not None])
    items = [
        feed.establishment(one, _label(wanted, one), results.get(one.id))
        for one in _businesses(session, wanted)
    ]
    return {
        "establishments": items,
        "meta": {
            "dataSource": wanted.municipality,
            "extractDate": wanted.now.isoformat(),
            "itemCount": len(items),
            "returncode": "OK",
            "totalCount": len(items),
            "totalPages": 1,
            "pageSize": len(items),
            "pageNumber": 1,
        },
    }


def _businesses(session: Session, wanted: Feed) -> list[Business]:
    placed = store.placed(session)
    last = {one.cafeteria.inspection for one in placed} - {None}
    contested = appeals.pending_about(session, [number for number in last if number is not None])
    return [_business(one, wanted.language, one.cafeteria.inspection in contested) for one in placed]


def _business(one: Placed, language: Language, contested: bool) -> Business:
    place, school = one.cafeteria, one.school

    def named(row: Any) -> str:
        return str(getattr(row, f"name_{language}") or row.name_zh)

    return Business(
        id=place.id,
        school=school.code,
        name=named(place),
        school_name=named(school),
        town=named(one.township),
        county=named(one.county),
        latitude=school.latitude,
        longitude=school.longitude,
        scheme=place.scheme,
        visited_on=place.visited_on,
        grade=place.grade,
        appeal_pending=contested,
    )


def _label(wanted: Feed, one: Business) -> str | None:
    if one.scheme is None or one.grade is None:
        return None
    bands = pick(wanted.book, one.scheme).bands
    labels = next((band.labels for band in bands if band.grade == one.grade), None)
    return None if labels is None else getattr(labels, wanted.language)


def _inspections(
    session: Session, wanted: Feed, schemes: Sequence[str], violations: _Table
) -> Iterator[tuple[str, ...]]:
    known = {scheme: pick(wanted.book, scheme) for scheme in schemes}
    labels = {
        scheme: {band.grade: getattr(band.labels, wanted.language) for band in one.bands}
        for scheme, one in known.items()
    }
    for visit in store.visits(session, schemes, wanted.since, wanted.until):
        day = feed.compact(visit.visited_on)
        for item in failed(visit.result):
            row = (visit.cafeteria, day, item.code, item.labels[wanted.language])
            violations.writerow([feed.clean(value) for value in row])
        score = feed.percentage(known[visit.scheme], visit.score)
        grade = labels[visit.scheme].get(visit.grade or "", feed.no_grade(wanted.language))
        kind = "initial" if visit.previous is None else "routine"
        yield tuple(map(feed.clean, (visit.cafeteria, score, day, grade, kind)))


def _member(
    archive: zipfile.ZipFile, wanted: Feed, name: str, heads: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    with archive.open(_entry(wanted, name), "w") as member, _table(member, heads) as table:
        table.writerows(rows)


def _entry(wanted: Feed, name: str) -> zipfile.ZipInfo:
    # Of the day of the feed, so that the same day gives the same file.
    day = wanted.today
    entry = zipfile.ZipInfo(name, (max(day.year, _DATED), day.month, day.day, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


@contextmanager
def _table(target: IO[bytes], heads: Sequence[str]) -> Iterator[_Table]:
    text = io.TextIOWrapper(target, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(heads)
    yield writer
    text.flush()
    text.detach()
