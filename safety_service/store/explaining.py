"""What stands behind one alert: few rows, each read by an index, however long the alert's life was."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func
from sqlmodel import select as select_model

from safety_service.store.rule_states import read_rule_set
from safety_service.store.tables import AlertTransition, Device, RuleSetVersion, StoredEvent, Zone
from safety_service.store.tables_outbox import Notification

LATEST_STEPS = 100
EVENTS_LOOKED_AT = 5_000
"""Of one school around one instant: the log has no index by device, and a school can be busy."""


def steps_of(session: Session, alert_id: int) -> list[AlertTransition]:
    """The first step of an alert and its latest ones, oldest first."""
    statement = select_model(AlertTransition).where(AlertTransition.alert_id == alert_id)
    number = col(AlertTransition.number)
    latest = list(session.exec(statement.order_by(number.desc()).limit(LATEST_STEPS)))[::-1]
    if len(latest) < LATEST_STEPS:
        return latest
    first = session.exec(statement.order_by(number).limit(1)).one()
    return latest if latest[0].number == first.number else [first, *latest]


def rule_files_around(session: Session, at: datetime) -> list[RuleSetVersion]:
    """The rule file in force now, then those that were at that time, the likeliest first.

    A new file works from the next batch on, and the rules' clock is not the one that stamps files: the file
    before and the one after are looked at too.
    """
    created, version = col(RuleSetVersion.created_at), col(RuleSetVersion.version)
    statement = select_model(RuleSetVersion)
    before = session.exec(statement.where(created <= at).order_by(version.desc()).limit(2)).all()
    after = session.exec(statement.where(created > at).order_by(version).limit(1)).all()
    present = read_rule_set(session)
    return [*([present] if present is not None else []), *before, *after]


def events_behind(
    session: Session,
    school: str,
    kinds: Sequence[str] | None,
    same: Mapping[str, str],
    since: datetime,
    until: datetime,
    limit: int,
) -> Sequence[StoredEvent]:
    """The newest events of a school from `since` to `until`, both included, of these kinds (None: any) and
    with these columns; the newest 5,000 of the school are looked at."""
    at, number = col(StoredEvent.occurred_at), col(StoredEvent.id)
    around = (
        select_model(StoredEvent)
        .where(StoredEvent.school == school, at >= since, at <= until)
        .order_by(at.desc(), number.desc())
        .limit(EVENTS_LOOKED_AT)
        .subquery()
    )
    near: Any = aliased(StoredEvent, around)
    statement = select_model(near).where(*(getattr(near, name) == value for name, value in same.items()))
    if kinds is not None:
        statement = statement.where(near.kind.in_(kinds))
    return session.exec(statement.order_by(near.occurred_at.desc(), near.id.desc()).limit(limit)).all()


def told_by_state(session: Session, alert_id: int) -> dict[str, int]:
    """How many notifications of an alert are in each state."""
    statement = (
        select(col(Notification.state), func.count())
        .where(col(Notification.alert_id) == alert_id)
        .group_by(col(Notification.state))
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def names_of(session: Session, school: str, device: str | None, zone: str | None) -> tuple[str, Zone | None]:
    """What people call a device (its id where it is not registered, empty without one), and its zone."""
    known = session.get(Device, (school, device)) if device else None
    place = session.get(Zone, (school, zone)) if zone else None
    return (known.name if known is not None else device or ""), place
