"""Duties in service: as the county keeps them, with their occurrences made ahead and those missed noted."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.domain.calendars import Calendar
from safety_service.domain.duties import Duty, Occurrence, occurrence_id, occurrences, owed, read_duty
from safety_service.domain.errors import NotFound, Refused
from safety_service.domain.obligations import Obligation
from safety_service.domain.rules.yamltree import read_tree
from safety_service.services.rulesets import known_calendars
from safety_service.store import audit, obligations
from safety_service.store import duties as store
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import School
from safety_service.store.tables_duties import StoredDuty

AHEAD = timedelta(days=3)
"""So far ahead occurrences are made: longer than a machine stands still over a weekend's maintenance."""
Places = list[tuple[School, str | None, dict[str, str]]]


@lru_cache(maxsize=1)
def built_in() -> Mapping[str, Duty]:
    """The duties that ship with the service, by id."""
    file = resources.files("safety_service") / "data" / "duties.yaml"
    tree = read_tree(file.read_text(encoding="utf-8"), "duties.yaml")
    listed = [(entry["id"], entry) for entry in tree.value["duties"]]
    return {name: read_duty(name, entry, name) for name, entry in listed}


def known(session: Session) -> dict[str, Duty]:
    """The built-in duties with the county's own beside them, or in their place."""
    own = {row.id: read_duty(row.id, row.definition, row.id) for row in store.every_changed(session)}
    return dict(built_in()) | own


def get(session: Session, duty: str) -> Duty:
    """Raises NotFound."""
    found = known(session).get(duty)
    if found is None:
        raise NotFound(f"there is no duty {duty!r}", place="path.duty")
    return found


def put(
    session: Session, duty: str, definition: Mapping[str, Any], *, by: str, now: datetime, timezone: str
) -> Duty:
    """Makes or changes one; raises Refused with every problem. What is not due yet is owed as it says now.

    Of a built-in duty whatever is not given stays as it ships.
    """
    ships = built_in().get(duty)
    before = ships.model_dump(mode="json", exclude={"id"}) if ships is not None else {}
    checked = read_duty(duty, {**before, **definition}, "body")
    codes = {school.code for school in store.schools(session)}
    unknown = [code for code in checked.schools if code not in codes]
    if unknown:
        raise Refused(f"there is no school {unknown[0]}", place="body.schools")
    row = store.find_changed(session, duty) or StoredDuty(id=duty, updated_at=now, updated_by=by)
    row.definition = checked.model_dump(mode="json", exclude={"id"}, exclude_defaults=True)
    row.updated_at, row.updated_by = now, by
    store.put(session, row)
    _owe_anew(session, checked, now, timezone)
    audit.record(session, "duty.put", "duty", duty, now=now, detail={"definition": row.definition})
    return checked


def delete(session: Session, duty: str, *, now: datetime, timezone: str) -> None:
    """A built-in one that was replaced is itself again. Raises NotFound."""
    row = store.find_changed(session, duty)
    if row is None:
        reason = "is built in; switch it off instead" if duty in built_in() else "is not there"
        raise NotFound(f"the duty {duty!r} {reason}", place="path.duty")
    store.remove(session, row)
    before = built_in().get(duty)
    if before is not None:
        _owe_anew(session, before, now, timezone)
    else:
        obligations.close(session, "duty", store.drop_future(session, duty, now), now, cancelled=True)
    audit.record(session, "duty.delete", "duty", duty, now=now)


def create_ahead(engine: Engine, now: datetime, timezone: str) -> int:
    """Makes the occurrences of the days to come and what is owed by them, and takes away those that a changed
    calendar or register leaves no reason for; returns how many were made and taken away.

    One transaction for each duty with news, so that nobody waits long for the one writer of a SQLite file.
    """
    with session_scope(engine, EVERY_SCHOOL) as session:
        duties, calendars, standing = known(session), known_calendars(session), store.to_come(session, now)
        places = {per: _places(session, per) for per in ("school", "cafeteria")}
    moved = 0
    for name in sorted({*duties, *standing}):
        wanted, there = {}, standing.get(name, set())
        if name in duties:
            duty = duties[name]
            rows = _wanted(duty, places[duty.per], calendars, ZoneInfo(timezone), now)
            wanted = {row["id"]: (row, one) for row, one in rows}
        new, stale = [wanted[key] for key in wanted if key not in there], there - set(wanted)
        if new or stale:
            with session_scope(engine, EVERY_SCHOOL, write=True) as session:
                # In this order: whoever keeps a record holds an occurrence before what is owed by it.
                moved += _drop(session, name, now, stale) + _add(session, new)
    return moved


def lapse(engine: Engine, now: datetime) -> int:
    """What nobody can make up for any more is missed, and owed no longer; returns how many that were."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        missed = store.lapse(session, now)
        obligations.close(session, "duty", missed, now, cancelled=True)
    return len(missed)


def _owe_anew(session: Session, duty: Duty, now: datetime, timezone: str) -> None:
    obligations.close(session, "duty", store.drop_future(session, duty.id, now), now, cancelled=True)
    calendars, places = known_calendars(session), _places(session, duty.per)
    wanted = _wanted(duty, places, calendars, ZoneInfo(timezone), now)
    _add(session, [one for one in wanted if one[0]["due_at"] > now])


def _places(session: Session, per: str) -> Places:
    """Who owes: each school, or each cafeteria of each, with its names."""
    schools = {school.code: school for school in store.schools(session)}
    if per == "school":
        return [(school, None, {"zh": school.name_zh, "en": school.name_en}) for school in schools.values()]
    return [
        (schools[one.school], one.id, {"zh": one.name_zh, "en": one.name_en})
        for one in store.cafeterias(session)
    ]


def _wanted(
    duty: Duty, places: Places, calendars: Mapping[str, Calendar], county: tzinfo, now: datetime
) -> list[tuple[dict[str, Any], Obligation]]:
    by_zone: dict[str | None, list[Occurrence]] = {}
    found = []
    for school, subject, name in places:
        if not duty.concerns(school.code, school.kind):
            continue
        times = by_zone.get(school.timezone)
        if times is None:
            zone = _zone(school.timezone, county)
            times = list(occurrences(duty, calendars, zone, now, now + AHEAD))
            by_zone[school.timezone] = times
        found += [_row(duty, school.code, subject, name, at) for at in times]
    return found


def _row(
    duty: Duty, school: str, subject: str | None, name: Mapping[str, str], at: Occurrence
) -> tuple[dict[str, Any], Obligation]:
    row = {
        "id": occurrence_id(duty, subject or school, at),
        "duty": duty.id,
        "school": school,
        "subject": subject,
        "opens_at": at.opens_at,
        "due_at": at.due_at,
        "lapses_at": at.lapses_at,
    }
    return row, owed(duty, school, subject, name, at)


def _drop(session: Session, duty: str, now: datetime, ids: Collection[str]) -> int:
    dropped = store.drop_future(session, duty, now, ids) if ids else []
    return obligations.close(session, "duty", dropped, now, cancelled=True)


def _add(session: Session, wanted: list[tuple[dict[str, Any], Obligation]]) -> int:
    new = store.add_occurrences(session, [row for row, _ in wanted])
    obligations.put(session, [one for row, one in wanted if row["id"] in new])
    return len(new)


def _zone(name: str | None, county: tzinfo) -> tzinfo:
    try:
        return ZoneInfo(name) if name is not None else county
    except (ZoneInfoNotFoundError, ValueError):
        return county
