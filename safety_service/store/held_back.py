"""Alerts whose sending is held back, and those that hold others back."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from safety_service.domain.suppression import TELLING
from safety_service.domain.types import Alert, Transition
from safety_service.store.alerts import to_alert
from safety_service.store.tables import AlertTransition, StoredAlert

_STEP = Transition.__struct_fields__


def any_held_back(session: Session) -> bool:
    held = (StoredAlert.condition == "firing", col(StoredAlert.suppressed_by).is_not(None))
    return session.exec(select(StoredAlert.id).where(*held).limit(1)).first() is not None


def held_back(session: Session) -> list[Alert]:
    """Every firing alert that is marked; found by an index of its own."""
    held = (StoredAlert.condition == "firing", col(StoredAlert.suppressed_by).is_not(None))
    return [
        to_alert(row) for row in session.exec(select(StoredAlert).where(*held).order_by(col(StoredAlert.id)))
    ]


def firing(session: Session, schools: Collection[str] | None) -> list[Alert]:
    """Every firing alert, of these schools only where some are given."""
    statement = select(StoredAlert).where(
        StoredAlert.condition == "firing", col(StoredAlert.closed_at).is_(None)
    )
    if schools is not None:
        statement = statement.where(col(StoredAlert.school).in_(schools))
    return [to_alert(row) for row in session.exec(statement.order_by(col(StoredAlert.id)))]


def firing_of(session: Session, rules: Collection[str], schools: Collection[str] | None) -> list[Alert]:
    """The firing alerts of these rules, of these schools only where some are given; one seek for each rule
    in the index of what fires."""
    if not rules:
        return []
    statement = select(StoredAlert).where(
        StoredAlert.condition == "firing", col(StoredAlert.rule).in_(sorted(rules))
    )
    if schools is not None:
        statement = statement.where(col(StoredAlert.school).in_(sorted(schools)))
    return [to_alert(row) for row in session.exec(statement)]


def ended_of(session: Session, rules: Collection[str], since: datetime) -> list[Alert]:
    """The alerts of these rules that ended at `since` or later; a seek for each rule in an index of ends."""
    statement = select(StoredAlert).where(
        col(StoredAlert.rule).in_(sorted(rules)), col(StoredAlert.resolved_at) >= since
    )
    return [to_alert(row) for row in session.exec(statement)]


def set_causes(session: Session, alerts: Sequence[Alert]) -> None:
    """Writes the cause of each and nothing else of it."""
    for alert in alerts:
        session.exec(
            update(StoredAlert)
            .where(col(StoredAlert.id) == alert.id)
            .values(suppressed_by=alert.suppressed_by)
            .execution_options(synchronize_session=False)
        )


def last_telling(session: Session, alert_id: int) -> tuple[int, Transition] | None:
    """The newest transition of an alert that tells of its firing, with its number."""
    row = session.exec(
        select(AlertTransition)
        .where(AlertTransition.alert_id == alert_id, col(AlertTransition.change).in_(sorted(TELLING)))
        .order_by(col(AlertTransition.number).desc())
        .limit(1)
    ).first()
    return None if row is None else (row.number, Transition(**{name: getattr(row, name) for name in _STEP}))
