"""The registry as the pipeline needs it: schools with their zone of time, devices with theirs of place."""

from collections.abc import Container, Mapping
from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from safety_service.domain.types import DeviceSeen, Event
from safety_service.store import counters
from safety_service.store.batches import Upsert, instant_of, upsert
from safety_service.store.tables import Device, School, Zone

REGISTRY = "registry"
"""Counts changes of the registry, so that a pipeline in another process notices them."""


_SEEN = Upsert(
    "device",
    {
        "school": "text",
        "device": "text",
        "name": "text",
        "zone": "text",
        "zone_type": "text",
        "format": "text",
        "condition": "text",
        "first_seen_at": "timestamptz",
        "last_seen_at": "timestamptz",
    },
    ("school", "device"),
    "last_seen_at = {larger}(coalesce(device.last_seen_at, excluded.last_seen_at), excluded.last_seen_at)",
)


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


def load(session: Session, schools: Container[str]) -> Registry:
    """The registry of these schools: some tens of thousands of rows, read when it changed, not for a message.

    Every school is in it by its code, so that a message for another partition is known from a wrong one.
    """
    columns = (
        Device.school,
        Device.device,
        Device.zone,
        Device.zone_type,
        Device.format,
        Device.last_seen_at,
        Device.condition,
    )
    rows = session.execute(select(*map(col, columns)))
    zones = session.exec(select(Zone.school, Zone.code, Zone.type)).all()
    return Registry(
        version=version(session),
        schools=dict(session.exec(select(School.code, School.timezone)).all()),
        zone_types={(school, code): kind for school, code, kind in zones},
        devices={
            (school, device): DeviceSeen(
                school=school,
                device=device,
                zone=zone,
                zone_type=zone_type,
                format=format,
                last_seen_at=last_seen_at,
                registered=condition != "retired",
            )
            for school, device, zone, zone_type, format, last_seen_at, condition in rows
            if school in schools
        },
    )


def school_codes(session: Session) -> frozenset[str]:
    return frozenset(session.exec(select(School.code)).all())


def mark_seen(session: Session, heard: Mapping[tuple[str, str], Event]) -> None:
    """Notes the last message of each device; one that is not known yet is registered as `new`."""
    if not heard:
        return
    stored = instant_of(session)
    rows = []
    for (school, device), event in sorted(heard.items()):
        at = stored(event.received_at)
        place = (event.zone, event.zone_type, event.format)
        rows.append((school, device, device, *place, "new", at, at))
    upsert(session, _SEEN, rows)


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


def seen_at(device: DeviceSeen, moment: datetime) -> DeviceSeen:
    return msgspec.structs.replace(device, last_seen_at=moment)
