"""County, townships, schools, zones and devices, by their natural keys."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from safety_service.domain.errors import NotFound
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables import County, Device, School, Township, Zone


class SchoolFilter(msgspec.Struct, frozen=True, kw_only=True):
    township: str | None = None
    kind: str | None = None
    q: str | None = None


class DeviceFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`q` is part of a device's id, name or model; `heard_since` and `silent_since` compare last_seen_at."""

    school: str | None = None
    condition: str | None = None
    format: str | None = None
    gateway: str | None = None
    zone: str | None = None
    q: str | None = None
    clock_suspect: bool | None = None
    heard_since: datetime | None = None
    silent_since: datetime | None = None


def get_school(session: Session, code: str) -> School:
    """The school, or NotFound: also when it is not one of the session's schools."""
    school = find_school(session, code)
    if school is None:
        raise NotFound(f"there is no school {code}")
    return school


def find_school(session: Session, code: str) -> School | None:
    return session.exec(select(School).where(School.code == code)).one_or_none()


def get_device(session: Session, school: str, device: str) -> Device:
    found = find_device(session, school, device)
    if found is None:
        raise NotFound(f"there is no device {device} at school {school}")
    return found


def find_device(session: Session, school: str, device: str) -> Device | None:
    return session.exec(select(Device).where(Device.school == school, Device.device == device)).one_or_none()


def get_zone(session: Session, school: str, code: str) -> Zone:
    zone = find_zone(session, school, code)
    if zone is None:
        raise NotFound(f"there is no zone {code} at school {school}")
    return zone


def find_zone(session: Session, school: str, code: str) -> Zone | None:
    return session.exec(select(Zone).where(Zone.school == school, Zone.code == code)).one_or_none()


def devices_in_zone(session: Session, school: str, code: str) -> Sequence[Device]:
    return session.exec(select(Device).where(Device.school == school, Device.zone == code)).all()


def devices_in_condition(session: Session, school: str, conditions: Collection[str]) -> Sequence[Device]:
    """In the order of their ids."""
    wanted = (Device.school == school, col(Device.condition).in_(conditions))
    return session.exec(select(Device).where(*wanted).order_by(col(Device.device))).all()


def known_schools(session: Session, codes: frozenset[str]) -> frozenset[str]:
    """Those of the codes that exist within the session's schools."""
    return frozenset(session.exec(select(School.code).where(col(School.code).in_(codes))))


def find_township(session: Session, name: str) -> Township | None:
    """The township with this code or Chinese or English name."""
    named = or_(col(Township.code) == name, col(Township.name_zh) == name, col(Township.name_en) == name)
    return session.exec(select(Township).where(named).order_by(col(Township.code))).first()


def find_county(session: Session, code: str) -> County | None:
    return session.exec(select(County).where(County.code == code)).one_or_none()


def list_townships(session: Session, after: Key | None, limit: int) -> Page[Township]:
    """Townships that have a school the session may see."""
    schools = select(School.township)
    statement = select(Township).where(col(Township.code).in_(schools))
    return page(session, statement, [Township.code], after=after, limit=limit)


def list_schools(session: Session, wanted: SchoolFilter, after: Key | None, limit: int) -> Page[School]:
    statement = select(School)
    if wanted.township is not None:
        statement = statement.where(School.township == wanted.township)
    if wanted.kind is not None:
        statement = statement.where(School.kind == wanted.kind)
    if wanted.q:
        statement = statement.where(
            or_(*(_has(column, wanted.q) for column in (School.code, School.name_zh, School.name_en)))
        )
    return page(session, statement, [School.code], after=after, limit=limit)


def list_zones(session: Session, school: str | None, after: Key | None, limit: int) -> Page[Zone]:
    statement = select(Zone)
    if school is not None:
        statement = statement.where(Zone.school == school)
    return page(session, statement, [Zone.school, Zone.code], after=after, limit=limit)


def list_devices(session: Session, wanted: DeviceFilter, after: Key | None, limit: int) -> Page[Device]:
    statement = select(Device)
    for field in ("school", "condition", "format", "gateway", "clock_suspect"):
        value = getattr(wanted, field)
        if value is not None:
            statement = statement.where(getattr(Device, field) == value)
    if wanted.zone is not None:
        statement = statement.where(
            or_(col(Device.zone) == wanted.zone, col(Device.zone_type) == wanted.zone)
        )
    if wanted.q:
        statement = statement.where(
            or_(*(_has(column, wanted.q) for column in (Device.device, Device.name, Device.model)))
        )
    if (wanted.heard_since or wanted.silent_since) and wanted.condition is None:
        # Online or silent is said of devices in use, here as in the figures of the wall screen.
        statement = statement.where(col(Device.condition) != "retired")
    if wanted.heard_since is not None:
        statement = statement.where(col(Device.last_seen_at) >= wanted.heard_since)
    if wanted.silent_since is not None:
        seen = col(Device.last_seen_at)
        statement = statement.where(or_(seen.is_(None), seen < wanted.silent_since))
    return page(session, statement, [Device.school, Device.device], after=after, limit=limit)


def _has(column: str | None, part: str) -> ColumnElement[bool]:
    # autoescape: a person's % or _ means itself.
    return col(column).icontains(part, autoescape=True)
