"""The outbox: rows written with the transition that owes them, claimed and settled by delivery."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from safety_service.domain.notifying import Receiver
from safety_service.domain.types import Alert, Transition
from safety_service.store.dialect import insert
from safety_service.store.tables_outbox import Channel, Notification


def receivers(session: Session) -> list[Receiver]:
    """Every enabled channel as the decision sees it."""
    rows = session.exec(select(Channel).where(col(Channel.enabled)).order_by(Channel.id)).all()
    return [
        Receiver(
            channel=row.id,
            recipient=str(row.config.get("recipient", "")),
            schools=frozenset(row.schools),
            min_severity=row.min_severity,
            send_resolved=row.send_resolved,
        )
        for row in rows
    ]


def add(session: Session, owed: Sequence[tuple[int, Alert, Transition, Receiver]]) -> None:
    """Writes the rows; the unique key keeps a repeated step from telling anybody twice."""
    if not owed:
        return
    rows: list[dict[str, Any]] = [
        {
            "alert_id": alert.id,
            "transition": number,
            "channel": receiver.channel,
            "recipient": receiver.recipient,
            "school": alert.school,
            "state": "waiting",
            "attempts": 0,
            "created_at": transition.at,
            "next_attempt_at": transition.at,
        }
        for number, alert, transition, receiver in owed
    ]
    session.connection().execute(insert(session, Notification).on_conflict_do_nothing(), rows)
