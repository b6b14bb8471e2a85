"""Calendars as the county keeps them. A change puts the same rules in force anew: so it counts at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from safety_service.domain.calendars import BUILT_IN, read_calendar
from safety_service.domain.errors import Conflict, NotFound, Refused
from safety_service.services import rulesets
from safety_service.store import audit, rule_states
from safety_service.store import calendars as store
from safety_service.store.tables_suppression import StoredCalendar


def put(
    session: Session, name: str, definition: Mapping[str, Any], *, by: str, now: datetime
) -> StoredCalendar:
    """Makes or replaces one; raises Refused with every problem, also with those it makes of the rules."""
    try:
        read_calendar(definition, "body")
    except Refused as error:
        raise Refused("the calendar cannot be read", problems=error.problems) from error
    row = store.find(session, name) or StoredCalendar(name=name, definition={}, updated_at=now, updated_by=by)
    row.definition, row.updated_at, row.updated_by = dict(definition), now, by
    store.put(session, row)
    _count_at_once(session, by, now)
    audit.record(session, "calendar.put", "calendar", name, now=now, detail={"definition": row.definition})
    return row


def delete(session: Session, name: str, *, by: str, now: datetime) -> None:
    """Removes one. Raises NotFound, and Conflict while a rule needs it."""
    row = store.find(session, name)
    if row is None:
        known = name in BUILT_IN
        reason = f"{name!r} is built in and cannot be removed" if known else f"there is no calendar {name!r}"
        raise NotFound(reason, place="path.name")
    store.remove(session, row)
    try:
        _count_at_once(session, by, now)
    except Refused as error:
        raise Conflict(f"rules need the calendar {name!r}", slug="calendar-in-use") from error
    audit.record(session, "calendar.delete", "calendar", name, now=now)


def _count_at_once(session: Session, by: str, now: datetime) -> None:
    row = rule_states.read_rule_set(session)
    if row is not None:
        rulesets.replace(session, row.text, by=by, now=now)
