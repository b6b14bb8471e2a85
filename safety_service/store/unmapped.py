"""Codes that no vendor profile knew: counted by the pipeline, summed over the caller's schools."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import literal, tuple_
from sqlmodel import Session, col, func, select

from safety_service.store.batches import Upsert, instant_of, upsert
from safety_service.store.paging import Key, Page
from safety_service.store.tables_push import UnmappedCode

MOST_OF_A_SCHOOL = 1000
"""A device that makes its codes up must not fill the disk; further ones are `other` and not listed."""

Place = tuple[str, str, str]
"""School, vendor and code."""

_CODES = Upsert(
    "unmapped_code",
    {
        "school": "text",
        "vendor": "text",
        "code": "text",
        "format": "text",
        "count": "int8",
        "first_seen_at": "timestamptz",
        "last_seen_at": "timestamptz",
        "device": "text",
    },
    ("school", "vendor", "code"),
    "count = unmapped_code.count + excluded.count,"
    " last_seen_at = {larger}(unmapped_code.last_seen_at, excluded.last_seen_at), device = excluded.device",
)


class Sighting(NamedTuple):
    """How often a code came in one batch, when last, and from which device."""

    format: str
    times: int
    at: datetime
    device: str


class UnmappedTotal(NamedTuple):
    """One code over all schools that are seen."""

    vendor: str
    code: str
    format: str
    times: int
    schools: int
    first_seen_at: datetime
    last_seen_at: datetime
    school: str
    device: str


def add(session: Session, seen: Mapping[Place, Sighting]) -> None:
    """Adds to the counts in one upsert; belongs in the transaction of the events."""
    room = _room(session, {school for school, _, _ in seen})
    stored = instant_of(session)
    rows = []
    for place in sorted(seen):
        sighting, known = seen[place], room[place[0]]
        if place not in known:
            if len(known) >= MOST_OF_A_SCHOOL:
                continue
            known.add(place)
        at = stored(sighting.at)
        rows.append((*place, sighting.format, sighting.times, at, at, sighting.device))
    upsert(session, _CODES, rows)


def totals(session: Session, after: Key | None, limit: int) -> Page[UnmappedTotal]:
    """In the order of vendor and code."""
    keys = (col(UnmappedCode.vendor), col(UnmappedCode.code))
    statement = (
        select(  # type: ignore[call-overload]
            *keys,
            func.max(col(UnmappedCode.format)),
            func.sum(col(UnmappedCode.count)),
            func.count(col(UnmappedCode.school)),
            func.min(col(UnmappedCode.first_seen_at)),
            func.max(col(UnmappedCode.last_seen_at)),
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    if after is not None:
        statement = statement.where(tuple_(*keys) > tuple_(*map(literal, after)))
    rows = session.execute(statement.limit(limit + 1)).all()
    samples = _samples(session, [(row[0], row[1]) for row in rows[:limit]])
    found = [
        UnmappedTotal(vendor, code, format, int(times), int(schools), first, last, *samples[vendor, code])
        for vendor, code, format, times, schools, first, last in rows[:limit]
    ]
    return Page(found, (found[-1].vendor, found[-1].code) if len(rows) > limit else None)


def _samples(session: Session, codes: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """For each code the school and device that sent it last."""
    if not codes:
        return {}
    statement = (
        select(UnmappedCode)
        .where(tuple_(col(UnmappedCode.vendor), col(UnmappedCode.code)).in_(codes))
        .order_by(col(UnmappedCode.last_seen_at), col(UnmappedCode.school))
    )
    return {(row.vendor, row.code): (row.school, row.device) for row in session.exec(statement)}


def _room(session: Session, schools: Iterable[str]) -> dict[str, set[Place]]:
    found: dict[str, set[Place]] = {school: set() for school in schools}
    statement = select(UnmappedCode.school, UnmappedCode.vendor, UnmappedCode.code).where(
        col(UnmappedCode.school).in_(list(found))
    )
    for school, vendor, code in session.exec(statement):
        found[school].add((school, vendor, code))
    return found
