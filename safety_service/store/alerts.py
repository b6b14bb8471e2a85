"""Alerts and their history. Whoever changes an alert holds the history first: one writer at a time."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, String, bindparam, cast, or_
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from safety_service.domain.errors import NotFound
from safety_service.domain.types import Alert, AlertChange, Transition
from safety_service.store import counters
from safety_service.store.dialect import insert, table_of
from safety_service.store.paging import Key as PageKey
from safety_service.store.paging import Page, page
from safety_service.store.rule_states import Key, decode_key, encode_key
from safety_service.store.tables import AlertTransition, School, StoredAlert

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


def latest_ids(session: Session, wanted: Sequence[tuple[str, Key]]) -> dict[tuple[str, Key], int]:
    """The newest alert of each rule and key that has one: a seek in the index each, many in a statement."""
    found: dict[tuple[str, Key], int] = {}
    by_rule: dict[str, dict[str, Key]] = {}
    for rule, key in wanted:
        by_rule.setdefault(rule, {})[encode_key(key)] = key
    for rule, keys in by_rule.items():
        written = list(keys)
        for start in range(0, len(written), _AT_ONCE):
            statement = (
                select(StoredAlert.key, func.max(StoredAlert.id))
                .where(StoredAlert.rule == rule, col(StoredAlert.key).in_(written[start : start + _AT_ONCE]))
                .group_by(col(StoredAlert.key))
            )
            found |= {(rule, keys[key]): number for key, number in session.exec(statement)}
    return found


def read_many(session: Session, ids: Sequence[int]) -> list[Alert]:
    """The alerts with these ids; unknown ids are left out."""
    found: list[Alert] = []
    for start in range(0, len(ids), _AT_ONCE):
        statement = select(StoredAlert).where(col(StoredAlert.id).in_(ids[start : start + _AT_ONCE]))
        # Alerts are written past the session, which must not give back what it remembers of them.
        fresh = statement.execution_options(populate_existing=True)
        found.extend(to_alert(row) for row in session.exec(fresh))
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


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; empty fields do not limit. `since` (included) and `until` (not) are about raised_at.

    `closed_since` is about closed_at; `acknowledged` tells apart what somebody has claimed.
    """

    open: bool | None = None
    condition: str | None = None
    severity: tuple[str, ...] = ()
    school: str | None = None
    device: str | None = None
    rule: str | None = None
    kind: str | None = None
    acknowledged: bool | None = None
    closed_since: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


def list_alerts(
    session: Session, wanted: AlertFilter, after: PageKey | None, limit: int
) -> Page[StoredAlert]:
    """Newest first."""
    return page(session, _matching(wanted), [StoredAlert.id], after=after, limit=limit, descending=True)


def _matching(wanted: AlertFilter) -> SelectOfScalar[StoredAlert]:
    statement = select(StoredAlert)
    for field in ("condition", "school", "device", "rule", "kind"):
        value = getattr(wanted, field)
        if value is not None:
            statement = statement.where(getattr(StoredAlert, field) == value)
    if wanted.open is not None:
        closed_at = col(StoredAlert.closed_at)
        statement = statement.where(closed_at.is_(None) if wanted.open else closed_at.is_not(None))
    if wanted.acknowledged is not None:
        acknowledged_at = col(StoredAlert.acknowledged_at)
        statement = statement.where(
            acknowledged_at.is_not(None) if wanted.acknowledged else acknowledged_at.is_(None)
        )
    if wanted.closed_since is not None:
        statement = statement.where(col(StoredAlert.closed_at) >= wanted.closed_since)
    if wanted.severity:
        statement = statement.where(col(StoredAlert.severity).in_(wanted.severity))
    if wanted.since is not None:
        statement = statement.where(col(StoredAlert.raised_at) >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(col(StoredAlert.raised_at) < wanted.until)
    if wanted.text:
        statement = statement.where(_contains(wanted.text))
    return statement


def _contains(words: str) -> ColumnElement[bool]:
    """Title, kind, device, zone or school name contains the words, whatever their case."""
    named = select(School.code).where(
        or_(*(col(name).icontains(words, autoescape=True) for name in (School.name_zh, School.name_en)))
    )
    columns = (StoredAlert.kind, StoredAlert.device, StoredAlert.zone, StoredAlert.rule)
    return or_(
        cast(col(StoredAlert.title), String).icontains(words, autoescape=True),
        *(col(column).icontains(words, autoescape=True) for column in columns),
        col(StoredAlert.school).in_(named),
    )


def history_of(session: Session, alert_id: int, after: PageKey | None, limit: int) -> Page[AlertTransition]:
    """The transitions of one alert, oldest first."""
    statement = select(AlertTransition).where(AlertTransition.alert_id == alert_id)
    return page(session, statement, [AlertTransition.number], after=after, limit=limit)


def steps_of(session: Session, alert_id: int, changes: Collection[str]) -> list[tuple[int, Transition]]:
    """The transitions of one alert that are of these changes with their numbers, oldest first."""
    statement = (
        select(AlertTransition)
        .where(AlertTransition.alert_id == alert_id, col(AlertTransition.change).in_(sorted(changes)))
        .order_by(col(AlertTransition.number))
    )
    return [
        (row.number, Transition(**{name: getattr(row, name) for name in Transition.__struct_fields__}))
        for row in session.exec(statement)
    ]


def read(session: Session, alert_id: int) -> StoredAlert:
    """One alert; raises NotFound where it is not there or not in the caller's schools."""
    row = session.exec(select(StoredAlert).where(StoredAlert.id == alert_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no alert {alert_id}", place="path.alert_id")
    return row
