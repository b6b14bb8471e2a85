"""The registry as the pipeline needs it: schools with their zone of time, devices with theirs of place."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import func
from sqlmodel import Session, col, select

from safety_service.domain.types import DeviceSeen, Event
from safety_service.store import counters
from safety_service.store.dialect import insert, is_postgresql
from safety_service.store.tables import Device, School, Zone

REGISTRY = "registry"
"""Counts changes of the registry, so that a pipeline in another process notices them."""


class Registry(msgspec.Struct, frozen=True):
    """Everything known about schools (code -> zone name or None), zones and devices at one version."""

    version: int
    schools: Mapping[str, str | None]
    zone_types: Mapping[tuple[str, str], str]
    devices: dict[tuple[str, str], DeviceSeen]


def changed(session: Session) -> None:
    """To be called by whoever writes schools, zones or devices."""
    counters.take(session, REGISTRY, 1)


def version(session: Session) -> int:
    return counters.current(session, REGISTRY)


def load(session: Session) -> Registry:
    """The whole registry; a few tens of thousands of rows, read when it changed and never for a message."""
    zones = session.exec(select(Zone.school, Zone.code, Zone.type)).all()
    devices = session.exec(select(Device)).all()
    return Registry(
        version=version(session),
        schools=dict(session.exec(select(School.code, School.timezone)).all()),
        zone_types={(school, code): kind for school, code, kind in zones},
        devices={(row.school, row.device): _known(row) for row in devices},
    )


def _known(row: Device) -> DeviceSeen:
    return DeviceSeen(
        school=row.school,
        device=row.device,
        zone=row.zone,
        zone_type=row.zone_type,
        format=row.format,
        last_seen_at=row.last_seen_at,
        registered=row.condition != "retired",
    )


def mark_seen(session: Session, heard: Mapping[tuple[str, str], Event]) -> None:
    """Notes the last message of each device; one that is not known yet is registered as `new`."""
    if not heard:
        return
    statement = insert(session, Device)
    larger = func.greatest if is_postgresql(session) else func.max
    latest = larger(
        func.coalesce(col(Device.last_seen_at), statement.excluded.last_seen_at),
        statement.excluded.last_seen_at,
    )
    statement = statement.on_conflict_do_update(
        index_elements=["school", "device"], set_={"last_seen_at": latest}
    )
    # Sorted, so that two writers meet the rows in the same order and cannot block each other for good.
    rows = [_new_device(event) for _, event in sorted(heard.items())]
    session.connection().execute(statement, rows)


def _new_device(event: Event) -> dict[str, str | datetime | None]:
    return {
        "school": event.school,
        "device": event.device,
        "name": event.device,
        "zone": event.zone,
        "zone_type": event.zone_type,
        "format": event.format,
        "condition": "new",
        "first_seen_at": event.received_at,
        "last_seen_at": event.received_at,
    }


def sighting(event: Event) -> DeviceSeen:
    """What a first message tells of its device."""
    return DeviceSeen(
        school=event.school,
        device=event.device,
        zone=event.zone,
        zone_type=event.zone_type,
        format=event.format,
        last_seen_at=event.received_at,
    )


def latest_by_device(events: Iterable[Event]) -> dict[tuple[str, str], Event]:
    """The last event of each device in a batch that is in order of arrival."""
    return {(event.school, event.device): event for event in events}
