"""Alerts and their history. Whoever changes an alert holds the history first: one writer at a time."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from safety_service.domain.types import Alert, AlertChange, Transition
from safety_service.store import counters
from safety_service.store.dialect import insert, table_of
from safety_service.store.rule_states import Key, decode_key, encode_key
from safety_service.store.tables import AlertTransition, StoredAlert

ALERTS = "alert"
_AT_ONCE = 500
_FIELDS = tuple(name for name in Alert.__struct_fields__ if name not in {"id", "key"})


def hold_history(session: Session) -> None:
    """Makes every other writer of alerts wait until this transaction ends.

    Without it the numbers of the history could be committed out of order, and two processes could act on
    the same stale alert. To be taken before alerts are read for a change.
    """
    counters.take(session, counters.TRANSITIONS, 0)


def to_alert(row: StoredAlert) -> Alert:
    return Alert(id=row.id, key=decode_key(row.key), **{name: getattr(row, name) for name in _FIELDS})


def latest_id(session: Session, rule: str, key: Key) -> int | None:
    """The newest alert of a rule and key, found by one seek in the index."""
    statement = (
        select(StoredAlert.id)
        .where(StoredAlert.rule == rule, StoredAlert.key == encode_key(key))
        .order_by(col(StoredAlert.id).desc())
        .limit(1)
    )
    return session.exec(statement).first()


def read_many(session: Session, ids: Sequence[int]) -> list[Alert]:
    """The alerts with these ids; unknown ids are left out."""
    found: list[Alert] = []
    for start in range(0, len(ids), _AT_ONCE):
        statement = select(StoredAlert).where(col(StoredAlert.id).in_(ids[start : start + _AT_ONCE]))
        found.extend(to_alert(row) for row in session.exec(statement))
    return found


def _row(alert: Alert) -> dict[str, Any]:
    row = {name: getattr(alert, name) for name in _FIELDS}
    row["id"] = alert.id
    row["key"] = encode_key(alert.key)
    return row


def apply(session: Session, changes: Sequence[AlertChange]) -> list[tuple[int, Alert, Transition]]:
    """Writes alerts and history; numbers new alerts (in place) and their transitions.

    Returns every transition with its number and alert, in order of time. The caller holds the history.
    """
    fresh = [change.alert for change in changes if change.alert.id == 0]
    known = [change.alert for change in changes if change.alert.id != 0]
    connection = session.connection()
    table = table_of(StoredAlert)
    # Updates first: an alert that has resolved must leave the unique index before its successor enters it.
    if known:
        columns: dict[str, Any] = {name: bindparam(f"b_{name}") for name in (*_FIELDS, "key")}
        update = table.update().where(table.c.id == bindparam("b_id")).values(columns)
        connection.execute(update, [{f"b_{k}": v for k, v in _row(alert).items()} for alert in known])
    if fresh:
        for number, alert in enumerate(fresh, counters.take(session, ALERTS, len(fresh))):
            alert.id = number
        connection.execute(insert(session, StoredAlert), [_row(alert) for alert in fresh])
    return _append_history(session, changes)


def _append_history(session: Session, changes: Sequence[AlertChange]) -> list[tuple[int, Alert, Transition]]:
    pairs = [(change.alert, transition) for change in changes for transition in change.transitions]
    if not pairs:
        return []
    pairs.sort(key=lambda pair: pair[1].at)
    first = counters.take(session, counters.TRANSITIONS, len(pairs))
    history = [(number, alert, transition) for number, (alert, transition) in enumerate(pairs, first)]
    rows = [
        {**msgspec.structs.asdict(step), "number": number, "alert_id": alert.id, "school": alert.school}
        for number, alert, step in history
    ]
    session.connection().execute(insert(session, AlertTransition), rows)
    return history


def read_history_after(
    session: Session, number: int, limit: int
) -> list[tuple[AlertTransition, StoredAlert]]:
    """The next transitions behind `number` with their alerts, as far as the session may see them."""
    statement = (
        select(AlertTransition, StoredAlert)
        .join(StoredAlert, col(StoredAlert.id) == col(AlertTransition.alert_id))
        .where(AlertTransition.number > number)
        .order_by(col(AlertTransition.number))
        .limit(limit)
    )
    return list(session.exec(statement).all())


def last_transition(session: Session) -> int:
    """The number of the newest committed transition, of whatever school."""
    return counters.current(session, counters.TRANSITIONS)
