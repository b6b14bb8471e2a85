"""What a backtest reads: stored events in order of arrival, and the history of the same time."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from safety_service.domain.alerts import SYSTEM
from safety_service.domain.backtest import Handled
from safety_service.domain.backtest_tally import Step
from safety_service.domain.decoding.times import LARGEST_SKEW
from safety_service.domain.types import Event
from safety_service.store.event_log import PARTITIONS_AT_MOST
from safety_service.store.rule_states import decode_key
from safety_service.store.tables import AlertTransition, Device, StoredAlert, StoredEvent

CHUNK = 2_000
"""Events in one piece: some tens of milliseconds of work."""

_COLUMNS = tuple(
    col(getattr(StoredEvent, name))
    for name in (
        "occurred_at",
        "received_at",
        "position",
        "sequence",
        "value",
        "retained",
        "clock_suspect",
        "school",
        "device",
        "kind",
        "phase",
        "format",
        "event_id",
        "unit",
        "severity_hint",
        "zone",
        "snapshot_url",
        "gateway",
        "attributes",
    )
)


def first_stored(session: Session) -> datetime | None:
    """The time of the oldest event that is stored, None without any."""
    statement = select(StoredEvent.occurred_at).order_by(col(StoredEvent.occurred_at)).limit(1)
    return session.exec(statement).first()


def count_events(session: Session, since: datetime, until: datetime, limit: int | None = None) -> int:
    """Events received from `since` (included) to `until` (not); with a limit no more are counted."""
    found = select(StoredEvent.id).where(_received(since, until)).limit(limit).subquery()
    return session.exec(select(func.count()).select_from(found)).one()


def read_arrivals(
    session: Session, partitions: Sequence[int], since: datetime, until: datetime
) -> Iterator[list[Event]]:
    """Events received from `since` to `until` in the order in which their pipelines stored them, in chunks.

    The database sorts, on its disk where it must, and hands the rows over as they are asked for: neither the
    length of the time nor a burst fills the memory. `dedup_key` and `zone_type` are not stored.
    """
    streams = [_arrivals(session, number, len(partitions) > 1, since, until) for number in partitions]
    if len(streams) == 1:
        events: Iterator[Event] = streams[0]
    else:
        events = (event for _, event in merge(*map(_clocked, streams), key=_clock_of))
    while chunk := list(islice(events, CHUNK)):
        yield chunk


def _arrivals(
    session: Session, partition: int, among_others: bool, since: datetime, until: datetime
) -> Iterator[Event]:
    statement = select(*_COLUMNS).where(_received(since, until)).order_by(col(StoredEvent.id))
    if among_others:
        statement = statement.where(col(StoredEvent.id) % PARTITIONS_AT_MOST == partition)
    rows = session.execute(statement, execution_options={"yield_per": CHUNK})
    return (_event(row) for some in rows.partitions() for row in some)


def _event(row: Any) -> Event:
    (occurred, received, position, sequence, value, retained, suspect, school, device, kind, phase, *rest) = (
        row
    )
    form, event_id, unit, hint, zone, snapshot, gateway, attributes = rest
    return Event(
        school=school,
        device=device,
        kind=kind,
        phase=phase,
        occurred_at=occurred,
        received_at=received,
        format=form,
        dedup_key="",
        event_id=event_id,
        value=value,
        unit=unit,
        severity_hint=hint,
        zone=zone,
        snapshot_url=snapshot,
        attributes=attributes or {},
        retained=retained,
        clock_suspect=suspect,
        sequence=sequence,
        gateway=gateway,
        position=position,
    )


def _clocked(events: Iterator[Event]) -> Iterator[tuple[datetime, Event]]:
    """Each with the time of the rules when they heard it: that of the latest receipt so far."""
    clock = None
    for event in events:
        clock = event.received_at if clock is None else max(clock, event.received_at)
        yield clock, event


def _clock_of(pair: tuple[datetime, Event]) -> datetime:
    return pair[0]


def _received(since: datetime, until: datetime) -> ColumnElement[bool]:
    # The log is in the order of occurrence; no device is believed to be further off than this.
    occurred_at, received_at = col(StoredEvent.occurred_at), col(StoredEvent.received_at)
    return and_(
        occurred_at >= since - LARGEST_SKEW,
        occurred_at < until + LARGEST_SKEW,
        received_at >= since,
        received_at < until,
    )


def first_seen_since(session: Session, since: datetime) -> set[tuple[str, str]]:
    """The devices that were heard for the first time then or later; nobody had registered them before."""
    statement = select(Device.school, Device.device).where(col(Device.first_seen_at) >= since)
    return set(session.exec(statement).all())


def read_history(session: Session, since: datetime, until: datetime) -> Iterator[Step]:
    """What really became of alerts from `since` (included) to `until` (not), in order."""
    statement = (
        select(
            AlertTransition.at,
            AlertTransition.change,
            AlertTransition.actor,
            AlertTransition.detail,
            StoredAlert.rule,
            StoredAlert.key,
            StoredAlert.school,
            StoredAlert.device,
            StoredAlert.raised_at,
        )  # type: ignore[call-overload]
        .join(StoredAlert, col(StoredAlert.id) == col(AlertTransition.alert_id))
        .where(col(AlertTransition.at) >= since, col(AlertTransition.at) < until)
        .order_by(col(AlertTransition.number))
    )
    for row in session.execute(statement, execution_options={"yield_per": CHUNK}):
        yield Step(
            at=row.at,
            change=row.change,
            by_people=row.actor != SYSTEM,
            ends=row.change == "resolved" or bool(row.detail.get("was_firing")),
            rule=row.rule,
            key=decode_key(row.key),
            school=row.school,
            device=row.device,
            raised_at=row.raised_at,
        )


def read_handled(session: Session, since: datetime, until: datetime) -> list[Handled]:
    """What people closed and reopened from `since` (included) to `until` (not), in order."""
    statement = (
        select(
            AlertTransition.at,
            AlertTransition.change,
            AlertTransition.actor,
            AlertTransition.detail,
            StoredAlert.rule,
            StoredAlert.key,
            StoredAlert.raised_at,
        )  # type: ignore[call-overload]
        .join(StoredAlert, col(StoredAlert.id) == col(AlertTransition.alert_id))
        .where(
            col(AlertTransition.at) >= since,
            col(AlertTransition.at) < until,
            or_(col(AlertTransition.change) == "closed", col(AlertTransition.change) == "reopened"),
            col(AlertTransition.actor) != SYSTEM,
        )
        .order_by(col(AlertTransition.number))
    )
    return [
        Handled(
            at=row.at,
            rule=row.rule,
            key=decode_key(row.key),
            raised_at=row.raised_at,
            change=row.change,
            actor=row.actor,
            disposition=row.detail.get("disposition"),
        )
        for row in session.execute(statement)
    ]
