"""What people do with alerts: each step is history, audit and stream in one transaction."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from safety_service.domain import alerts as lifecycle
from safety_service.domain.types import Alert, AlertChange
from safety_service.services import escalating
from safety_service.store import alerts, audit
from safety_service.store.session import after_commit
from safety_service.store.tables import StoredAlert

Step = Callable[[Alert], AlertChange]


def handle(
    session: Session, alert_id: int, action: str, step: Step, *, now: datetime, wake: Callable[[], None]
) -> StoredAlert:
    """Carries out one step on an alert of the caller's schools; wakes the streams after the commit.

    Raises NotFound for an alert that the caller cannot see, Conflict where the alert does not allow the step.
    """
    alerts.hold_history(session)
    alert = alerts.to_alert(alerts.read(session, alert_id))
    change = step(alert)
    history = alerts.apply(session, [change])
    escalating.follow(session, history, {}, now)
    detail: dict[str, Any] = {"rule": alert.rule}
    for transition in change.transitions:
        detail |= {"change": transition.change, **transition.detail}
    audit.record(session, f"alert.{action}", "alert", alert_id, now=now, school=alert.school, detail=detail)
    after_commit(session, wake)
    session.expire_all()
    return alerts.read(session, alert_id)


def acknowledge(by: str, now: datetime, comment: str | None) -> Step:
    return lambda alert: lifecycle.acknowledge(alert, by, now, comment)


def assign(to: str, by: str, now: datetime, comment: str | None) -> Step:
    return lambda alert: lifecycle.assign(alert, to, by, now, comment)


def comment(text: str, by: str, now: datetime) -> Step:
    return lambda alert: lifecycle.comment(alert, text, by, now)


def close(disposition: str, by: str, now: datetime, comment: str | None, evidence: list[str]) -> Step:
    return lambda alert: lifecycle.close(alert, disposition, by, now, comment, evidence)


def reopen(by: str, now: datetime, comment: str | None) -> Step:
    return lambda alert: lifecycle.reopen(alert, by, now, comment)
