"""Changes of the registry: each checked, recorded in the audit trail and told to the pipelines."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from safety_service.domain.errors import NotFound, Refused
from safety_service.domain.registry import DeviceFields, SchoolFields, ZoneFields
from safety_service.services import adoption, cafeterias
from safety_service.settings import Settings
from safety_service.store import audit, devices, identities, registry
from safety_service.store.scope import scope_of
from safety_service.store.tables import County, Device, School, Township, Zone


def put_school(
    session: Session, settings: Settings, code: str, fields: SchoolFields, *, now: datetime
) -> School:
    """Adds or replaces a school, with its first cafeteria. Raises NotFound outside the session's schools.

    An unknown township is an error here: one that is only misspelt should not appear on every screen. An
    import makes it (see `township_of`).
    """
    if registry.find_township(session, fields.township) is None:
        raise Refused(f"there is no township {fields.township}", place="body.township")
    school, created = save_school(session, settings, code, fields)
    cafeterias.create_for_schools(session, [school])
    devices.changed(session)
    action = "school.create" if created else "school.update"
    audit.record(session, action, "school", code, now=now, school=code, detail=fields.model_dump())
    return school


def save_school(
    session: Session, settings: Settings, code: str, fields: SchoolFields, *, keep_unset: bool = False
) -> tuple[School, bool]:
    """Writes the row, no more; tells whether it is new. `keep_unset`: what a list doesn't speak of stays."""
    # Asked before the look-up: a school of others must look like one that doesn't exist.
    if not scope_of(session).allows(code):
        raise NotFound(f"there is no school {code}")
    township = township_of(session, settings, fields.township)
    found = registry.find_school(session, code)
    school = found or School(code=code, name_zh="", name_en="", township=township.code, kind="other")
    for name, value in fields.model_dump(
        include=set(SchoolFields.model_fields) - {"township", "name_en"}, exclude_unset=keep_unset
    ).items():
        setattr(school, name, value)
    school.name_en = fields.name_en or fields.name_zh
    school.township = township.code
    if found is not None:
        adoption.follow_strictness(session, school)
    session.add(school)
    session.flush()
    return school, found is None


def township_of(session: Session, settings: Settings, name: str) -> Township:
    """The township with this code or name; a new one belongs to the county of the settings."""
    found = registry.find_township(session, name)
    if found is not None:
        return found
    if registry.find_county(session, settings.county_code) is None:
        session.add(
            County(
                code=settings.county_code, name_zh=settings.county_name_zh, name_en=settings.county_name_en
            )
        )
        session.flush()
    township = Township(code=name, county=settings.county_code, name_zh=name, name_en=name)
    session.add(township)
    session.flush()
    return township


def put_township(
    session: Session, settings: Settings, code: str, name_zh: str, name_en: str, *, now: datetime
) -> Township:
    """Adds or renames a township."""
    township = township_of(session, settings, code)
    township.name_zh, township.name_en = name_zh, name_en
    session.add(township)
    detail = {"name_zh": name_zh, "name_en": name_en}
    audit.record(session, "township.put", "township", township.code, now=now, detail=detail)
    return township


def put_zone(session: Session, school: School, code: str, fields: ZoneFields, *, now: datetime) -> Zone:
    """Adds or replaces a zone; the devices in it follow its type."""
    zone = _save_zone(session, school.code, code, fields.name, fields.type)
    for device in registry.devices_in_zone(session, school.code, code):
        device.zone_type = fields.type
        session.add(device)
    devices.changed(session)
    detail = fields.model_dump()
    audit.record(
        session, "zone.put", "zone", f"{school.code}/{code}", now=now, school=school.code, detail=detail
    )
    return zone


def put_device(
    session: Session, school: School, device: str, fields: DeviceFields, *, now: datetime
) -> Device:
    """Adopts a device that has announced itself, or registers one ahead; either way it is active."""
    row, before = save_device(session, school.code, device, fields, now)
    devices.changed(session)
    action = {None: "device.register", "active": "device.update"}.get(before, "device.adopt")
    detail: dict[str, Any] = {**fields.model_dump(), "condition_before": before}
    if fields.identities is None:
        del detail["identities"]
    audit.record(session, action, "device", device, now=now, school=school.code, detail=detail)
    return row


def retire_device(session: Session, row: Device, *, now: datetime) -> None:
    """Takes a device out of use; its events and alerts stay."""
    before = row.condition
    row.condition = "retired"
    session.add(row)
    identities.replace(session, row.school, row.device, [])
    devices.changed(session)
    detail = {"condition_before": before}
    audit.record(session, "device.retire", "device", row.device, now=now, school=row.school, detail=detail)


def save_device(
    session: Session, school: str, device: str, fields: DeviceFields, now: datetime
) -> tuple[Device, str | None]:
    """Writes the row, no more; tells its condition before (None: it is new)."""
    if fields.identities is not None:
        # First, because it can refuse, and then nothing of the device may have been written.
        adoption.set_identities(session, school, device, fields.identities)
    found = registry.find_device(session, school, device)
    row = found or Device(school=school, device=device, name=device, first_seen_at=now)
    before = found.condition if found else None
    for name, value in fields.model_dump(include={"name", "zone", "format", "model"}).items():
        setattr(row, name, value)
    # Who adopts a device or imports a list says nothing of its picture, and means nothing by that.
    if "live_url" in fields.model_fields_set:
        row.live_url = fields.live_url
    row.zone_type = _zone_type(session, school, fields)
    row.condition = "active"
    session.add(row)
    return row, before


def _zone_type(session: Session, school: str, fields: DeviceFields) -> str | None:
    if fields.zone is None:
        return fields.zone_type
    zone = registry.find_zone(session, school, fields.zone)
    if zone is None:
        zone = _save_zone(session, school, fields.zone, fields.zone, fields.zone_type or "other")
    return fields.zone_type or zone.type


def _save_zone(session: Session, school: str, code: str, name: str, kind: str) -> Zone:
    zone = registry.find_zone(session, school, code) or Zone(school=school, code=code, name=name, type=kind)
    zone.name, zone.type = name, kind
    session.add(zone)
    session.flush()
    return zone
