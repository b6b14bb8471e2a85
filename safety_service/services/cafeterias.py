"""Cafeterias: made with their schools, and kept up to date."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from safety_service.domain.errors import NotFound, Refused
from safety_service.domain.inspections import FACTS
from safety_service.domain.planning import Planning
from safety_service.services.inspection_due import known_planning, owe_next
from safety_service.store import audit, cafeterias, registry
from safety_service.store.tables import School
from safety_service.store.tables_cafeteria import Cafeteria

_ID = re.compile(r"(?P<school>.+)-c[1-9]\d{0,2}")
DEFAULT_ZONE = "Asia/Shanghai"
"""The county's time zone where a caller does not give the one of the settings."""


def create_for_schools(session: Session, schools: Iterable[School]) -> int:
    """One cafeteria, `{school}-c1`, for each school that has none of that id; returns how many were new."""
    return cafeterias.add_missing(
        session,
        (
            Cafeteria(
                id=f"{school.code}-c1",
                school=school.code,
                name_zh=f"{school.name_zh}食堂",
                name_en=f"{school.name_en} canteen",
            )
            for school in schools
        ),
    )


def local_day(session: Session, school: str, timezone: str, now: datetime) -> date:
    """Today where the school is; `timezone` is the county's, for schools without one."""
    return now.astimezone(ZoneInfo(registry.get_school(session, school).timezone or timezone)).date()


def county_day(timezone: str, now: datetime) -> date:
    """Today in the county."""
    return now.astimezone(ZoneInfo(timezone)).date()


def put(
    session: Session,
    cafeteria: str,
    changes: Mapping[str, Any],
    *,
    now: datetime,
    timezone: str,
    intervals: Planning | None = None,
) -> Cafeteria:
    """Changes the fields given of a cafeteria, or adds it (`{school}-c2`) to a school of the session.

    Fields: name_zh, name_en, diners, risk_level, licence_issued, accident, penalty_beyond_warning. An
    accident or a penalty takes the sign at once; grades already given stay as they are. Another risk level
    moves the next visit.
    """
    row = cafeterias.find(session, cafeteria)
    created = row is None
    if row is None:
        row = _new(session, cafeteria)
    _check(changes, local_day(session, row.school, timezone, now))
    before = {name: getattr(row, name) for name in changes}
    for name, value in changes.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    changed = {
        name: [_plain(before[name]), _plain(value)]
        for name, value in changes.items()
        if created or before[name] != value
    }
    if "risk_level" in changed:
        owe_next(session, row, intervals or known_planning(), timezone, now)
    action = "cafeteria.create" if created else "cafeteria.update"
    audit.record(session, action, "cafeteria", cafeteria, now=now, school=row.school, detail=changed)
    return row


def _new(session: Session, cafeteria: str) -> Cafeteria:
    named = _ID.fullmatch(cafeteria)
    if named is None:
        raise NotFound(f"there is no cafeteria {cafeteria} (ids look like SCHOOL-c2)")
    school = registry.get_school(session, named["school"])
    return Cafeteria(
        id=cafeteria,
        school=school.code,
        name_zh=f"{school.name_zh}食堂",
        name_en=f"{school.name_en} canteen",
    )


def _check(changes: Mapping[str, Any], today: date) -> None:
    problems = [
        (name, f"{changes[name]} is in the future (today is {today})")
        for name in FACTS
        if changes.get(name) is not None and changes[name] > today
    ]
    problems += [
        (name, "must not be empty")
        for name in ("name_zh", "name_en")
        if name in changes and not changes[name]
    ]
    if problems:
        raise Refused(problems[0][1], place=problems[0][0], problems=problems)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
