"""Where alerts are: names of schools, zones and devices for the texts that people read."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from safety_service.domain.places import Place
from safety_service.domain.types import Alert
from safety_service.store.tables import Device, School, Zone

_AT_ONCE = 500


def of_alerts(session: Session, alerts: Sequence[Alert], timezone: str) -> dict[int, Place]:
    """The place of each alert by the alert's id; `timezone` is that of schools without one of their own."""
    found: dict[int, Place] = {}
    for start in range(0, len(alerts), _AT_ONCE):
        found |= _places(session, alerts[start : start + _AT_ONCE], timezone)
    return found


def _places(session: Session, alerts: Sequence[Alert], timezone: str) -> dict[int, Place]:
    codes = {alert.school for alert in alerts}
    zones = {alert.zone for alert in alerts}
    devices = {alert.device for alert in alerts}
    schools = {row.code: row for row in session.exec(select(School).where(col(School.code).in_(codes)))}
    zone_rows = session.exec(select(Zone).where(col(Zone.school).in_(codes), col(Zone.code).in_(zones)))
    device_rows = session.exec(
        select(Device).where(col(Device.school).in_(codes), col(Device.device).in_(devices))
    )
    zone_names = {(row.school, row.code): row.name for row in zone_rows}
    device_names = {(row.school, row.device): row.name for row in device_rows}
    return {
        alert.id: _place(
            schools.get(alert.school),
            zone_names.get((alert.school, alert.zone or ""), ""),
            device_names.get((alert.school, alert.device or ""), ""),
            timezone,
        )
        for alert in alerts
    }


def _place(school: School | None, zone: str, device: str, timezone: str) -> Place:
    if school is None:
        return Place(zone=zone, device=device, timezone=timezone)
    return Place(
        school_zh=school.name_zh,
        school_en=school.name_en,
        zone=zone,
        device=device,
        timezone=school.timezone or timezone,
        latitude=school.latitude,
        longitude=school.longitude,
    )
