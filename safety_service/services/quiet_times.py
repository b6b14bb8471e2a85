"""Silences and maintenance windows as people make and end them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from sqlmodel import Session

from safety_service.domain.errors import Conflict, Refused
from safety_service.domain.recurrence import LONGEST, check_rule
from safety_service.domain.rights import Caller
from safety_service.domain.suppression import check_match
from safety_service.store import audit, registry
from safety_service.store import quiet_times as store
from safety_service.store.tables_suppression import QuietTime

Kind = Literal["silence", "maintenance"]

LONGEST_SILENCE = timedelta(days=31)
LONGEST_COMMENT = 1000


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A quiet time as somebody wants it; `school` None: every school; `starts_at` None: now."""

    type: Kind
    match: Mapping[str, Any]
    comment: str
    ends_at: datetime
    school: str | None = None
    starts_at: datetime | None = None
    recurrence: str | None = None
    timezone: str


def make(session: Session, wanted: Wanted, caller: Caller, now: datetime) -> QuietTime:
    """Begins or plans one. Raises Refused with every problem, Forbidden for all schools without the right."""
    caller.must("alerts:handle", county=wanted.school is None)
    starts_at = wanted.starts_at or now
    problems = [*_problems(wanted, starts_at, now)]
    if problems:
        raise Refused(f"the {wanted.type} cannot be used", problems=problems)
    if wanted.school is not None:
        registry.get_school(session, wanted.school)
    row = QuietTime(
        type=wanted.type,
        school=wanted.school,
        match=dict(wanted.match),
        starts_at=starts_at,
        ends_at=wanted.ends_at,
        recurrence=wanted.recurrence,
        timezone=wanted.timezone,
        comment=wanted.comment.strip(),
        created_at=now,
        created_by=caller.name,
    )
    store.add(session, row)
    detail = {"match": row.match, "starts_at": row.starts_at, "ends_at": row.ends_at, "comment": row.comment}
    _record(session, "make", row, now, detail)
    return row


def _problems(wanted: Wanted, starts_at: datetime, now: datetime) -> list[tuple[str, str]]:
    problems = [
        (f"body.match.{field}" if field else "body.match", why) for field, why in check_match(wanted.match)
    ]
    length = wanted.ends_at - starts_at
    if length <= timedelta(0):
        problems.append(("body.ends_at", "must be later than starts_at"))
    elif wanted.recurrence is None and wanted.ends_at <= now:
        problems.append(("body.ends_at", "has passed already"))
    elif length > (LONGEST if wanted.recurrence is not None else LONGEST_SILENCE):
        problems.append(("body.ends_at", f"is more than {LONGEST_SILENCE.days} days after starts_at"))
    if not wanted.comment.strip():
        problems.append(("body.comment", "say why; whoever looks at the alerts will want to know"))
    try:
        ZoneInfo(wanted.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        problems.append(("body.timezone", f"there is no time zone {wanted.timezone!r}"))
    if wanted.recurrence is not None:
        try:
            check_rule(wanted.recurrence, starts_at, "body.recurrence")
        except Refused as error:
            problems.append(("body.recurrence", error.reason))
    return problems


def end(session: Session, kind: Kind, number: int, caller: Caller, now: datetime) -> QuietTime:
    """Ends one at once and for good. Raises NotFound, and Conflict where it is over already."""
    row = store.get(session, kind, number, "path.number")
    caller.must("alerts:handle", county=row.school is None)
    if row.ended_at is not None or (row.recurrence is None and row.ends_at <= now):
        raise Conflict(f"the {kind} is over already", slug="already-over")
    row.ended_at, row.ended_by = now, caller.name
    session.add(row)
    session.flush()
    _record(session, "end", row, now, {})
    return row


def _record(session: Session, action: str, row: QuietTime, now: datetime, detail: dict[str, Any]) -> None:
    audit.record(session, f"{row.type}.{action}", row.type, row.id, now=now, school=row.school, detail=detail)
