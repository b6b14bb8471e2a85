"""What the credit index is made of, as the tables have it: plain rows for many cafeterias at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import Session, col

from safety_service.store.tables import Device, StoredAlert, Zone
from safety_service.store.tables_duties import DutyOccurrence
from safety_service.store.tables_rectification import Rectification


class RoomAlert(NamedTuple):
    """One alert with the type of its zone, None where the zone is not registered or not known."""

    id: int
    school: str
    rule: str
    kind: str
    severity: str
    raised_at: datetime
    disposition: str | None
    title: dict[str, str]
    zone: str | None
    zone_type: str | None


class ToPutRight(NamedTuple):
    """One rectification that was not cancelled."""

    id: int
    cafeteria: str
    key: bool
    title: dict[str, str]
    opened_at: datetime
    due_at: datetime
    done_at: datetime | None


class Missed(NamedTuple):
    """One time at which a duty of a cafeteria was not done; `subject` is the cafeteria."""

    id: str
    duty: str
    subject: str
    due_at: datetime


def alerts(
    session: Session,
    schools: Collection[str] | None,
    kinds: Collection[str],
    rules: Collection[str],
    since: datetime,
) -> list[RoomAlert]:
    """Alerts of these kinds or rules raised since then; of every school where none are named."""
    columns = [getattr(StoredAlert, name) for name in RoomAlert._fields if name != "zone_type"]
    named = or_(col(StoredAlert.kind).in_(sorted(kinds)), col(StoredAlert.rule).in_(sorted(rules)))
    place = and_(col(Zone.school) == col(StoredAlert.school), col(Zone.code) == col(StoredAlert.zone))
    statement = (
        select(*columns, col(Zone.type))
        .outerjoin(Zone, place)
        .where(col(StoredAlert.raised_at) >= since, named, *_of(col(StoredAlert.school), schools))
    )
    return [RoomAlert(*row) for row in session.execute(statement)]


def rectifications(session: Session, cafeterias: Sequence[str] | None, since: datetime) -> list[ToPutRight]:
    """What is still to be put right, and what was since then."""
    columns = [getattr(Rectification, name) for name in ToPutRight._fields]
    statement = select(*columns).where(
        col(Rectification.cafeteria).is_not(None),
        col(Rectification.status) != "cancelled",
        or_(col(Rectification.done_at).is_(None), col(Rectification.done_at) >= since),
        *_of(col(Rectification.cafeteria), cafeterias),
    )
    return [ToPutRight(*row) for row in session.execute(statement)]


def missed(
    session: Session, cafeterias: Sequence[str] | None, duties: Collection[str], since: datetime
) -> list[Missed]:
    """What was not done of these duties since then."""
    columns = [getattr(DutyOccurrence, name) for name in Missed._fields]
    statement = select(*columns).where(
        *_owed_by(cafeterias, duties, since), col(DutyOccurrence.state) == "missed"
    )
    return [Missed(*row) for row in session.execute(statement)]


def owing(
    session: Session, cafeterias: Sequence[str] | None, duties: Collection[str], since: datetime
) -> set[str]:
    """The cafeterias that owed any of these duties since then, done or not."""
    statement = select(col(DutyOccurrence.subject)).where(*_owed_by(cafeterias, duties, since)).distinct()
    return {subject for (subject,) in session.execute(statement)}


def _owed_by(
    cafeterias: Sequence[str] | None, duties: Collection[str], since: datetime
) -> list[ColumnElement[bool]]:
    return [
        col(DutyOccurrence.due_at) >= since,
        col(DutyOccurrence.duty).in_(sorted(duties)),
        col(DutyOccurrence.subject).is_not(None),
        *_of(col(DutyOccurrence.subject), cafeterias),
    ]


def watched(
    session: Session, schools: Collection[str] | None, zones: Collection[str]
) -> set[tuple[str, str]]:
    """(school, type) of the zones in which there is a device at all."""
    statement = (
        select(col(Device.school), col(Device.zone_type))
        .where(
            col(Device.zone_type).in_(sorted(zones)),
            col(Device.condition) != "retired",
            *_of(col(Device.school), schools),
        )
        .distinct()
    )
    return {(school, zone or "") for school, zone in session.execute(statement)}


def _of(column: Any, wanted: Collection[str] | None) -> list[ColumnElement[bool]]:
    return [] if wanted is None else [column.in_(sorted(wanted))]
