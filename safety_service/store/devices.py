"""The registry as the pipeline needs it: schools with their zone of time, devices with theirs of place."""

from collections.abc import Container, Mapping
from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from safety_service.domain.clocks import Clock
from safety_service.domain.identities import aliases
from safety_service.domain.types import DeviceSeen, Event
from safety_service.store import counters, identities
from safety_service.store.batches import Upsert, instant_of, upsert
from safety_service.store.tables import Device, School, Zone

REGISTRY = "registry"
"""Counts changes of the registry, so that a pipeline in another process notices them."""
UNKNOWN = Clock()

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
        "gateway": "text",
        "clock_offset_seconds": "float8",
        "clock_suspect": "bool",
    },
    ("school", "device"),
    "last_seen_at = {larger}(coalesce(device.last_seen_at, excluded.last_seen_at), excluded.last_seen_at),"
    " gateway = coalesce(excluded.gateway, device.gateway),"
    " clock_offset_seconds = excluded.clock_offset_seconds, clock_suspect = excluded.clock_suspect",
)
NOT_JUDGED = frozenset({"retired", "quarantined"})
"""Conditions in which nobody waits to hear of a device."""


_COLUMNS = (
    Device.school,
    Device.device,
    Device.zone,
    Device.zone_type,
    Device.format,
    Device.last_seen_at,
    Device.condition,
    Device.gateway,
    Device.clock_offset_seconds,
)


class Registry(msgspec.Struct, frozen=True):
    """Everything known about schools (code -> zone name or None), zones and devices at one version.

    `aliases`: (school, other name) -> device. `strict`: schools in which a device that nobody has adopted is
    quarantined; `quarantined`: these devices.
    """

    version: int
    schools: Mapping[str, str | None]
    zone_types: Mapping[tuple[str, str], str]
    devices: dict[tuple[str, str], DeviceSeen]
    aliases: Mapping[tuple[str, str], str] = {}
    strict: frozenset[str] = frozenset()
    quarantined: set[tuple[str, str]] = msgspec.field(default_factory=set)


def changed(session: Session) -> None:
    """To be called by whoever writes schools, zones or devices."""
    counters.take(session, REGISTRY, 1)


def version(session: Session) -> int:
    return counters.current(session, REGISTRY)


def load(session: Session, schools: Container[str]) -> Registry:
    """The registry of these schools: some tens of thousands of rows, read when it changed, not for a message.

    Every school is in it by its code, so that a message for another partition is known from a wrong one.
    """
    known = session.exec(select(School.code, School.timezone, School.strict)).all()
    zones = session.exec(select(Zone.school, Zone.code, Zone.type)).all()
    devices: dict[tuple[str, str], DeviceSeen] = {}
    adopted, quarantined = [], set()
    for row in session.execute(select(*map(col, _COLUMNS))):
        if row.school not in schools:
            continue
        key = (row.school, row.device)
        devices[key] = DeviceSeen(
            school=row.school,
            device=row.device,
            zone=row.zone,
            zone_type=row.zone_type,
            format=row.format,
            last_seen_at=row.last_seen_at,
            registered=row.condition not in NOT_JUDGED,
            gateway=row.gateway,
            clock_offset=row.clock_offset_seconds,
        )
        if row.condition == "active":
            adopted.append(key)
        elif row.condition == "quarantined":
            quarantined.add(key)
    return Registry(
        version=version(session),
        schools={code: timezone for code, timezone, _ in known},
        zone_types={(school, code): kind for school, code, kind in zones},
        devices=devices,
        aliases=aliases(identities.every(session), adopted),
        strict=frozenset(code for code, _, strict in known if strict),
        quarantined=quarantined,
    )


def school_codes(session: Session) -> frozenset[str]:
    return frozenset(session.exec(select(School.code)).all())


def mark_seen(
    session: Session,
    heard: Mapping[tuple[str, str], Event],
    clocks: Mapping[tuple[str, str], Clock],
    quarantined: Container[tuple[str, str]],
) -> None:
    """Notes the last message of each device, and its clock; one that is not known yet is registered as `new`,
    or as `quarantined`."""
    if not heard:
        return
    stored = instant_of(session)
    rows = []
    for key, event in sorted(heard.items()):
        school, device = key
        at = stored(event.received_at)
        clock = clocks.get(key, UNKNOWN)
        condition = "quarantined" if key in quarantined else "new"
        place = (event.zone, event.zone_type, event.format)
        rows.append(
            (school, device, device, *place, condition, at, at, event.gateway, clock.offset, clock.wrong)
        )
    upsert(session, _SEEN, rows)


def sighting(event: Event, *, registered: bool = True) -> DeviceSeen:
    """What a first message tells of its device."""
    return DeviceSeen(
        school=event.school,
        device=event.device,
        zone=event.zone,
        zone_type=event.zone_type,
        format=event.format,
        last_seen_at=event.received_at,
        gateway=event.gateway,
        registered=registered,
    )


def seen_at(device: DeviceSeen, moment: datetime) -> DeviceSeen:
    return msgspec.structs.replace(device, last_seen_at=moment)
