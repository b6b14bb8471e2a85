"""From a device that has announced itself to one of the school's own, under whatever names it speaks."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from safety_service.domain.errors import Conflict, Refused
from safety_service.store import audit, devices, identities, registry
from safety_service.store.tables import Device, School

UNADOPTED = ("new", "quarantined")
PLACE = "body.identities"


def adopt(session: Session, row: Device, *, now: datetime) -> Device:
    """Takes a device into use as it announced itself; one that is in use already stays as it is.

    Raises Conflict for a retired one: whoever brings it back says what it is now.
    """
    if row.condition == "retired":
        reason = f"the device {row.device} was retired; PUT it to bring it back"
        raise Conflict(reason, slug="device-retired")
    if row.condition in UNADOPTED:
        _adopt(session, row, now)
        devices.changed(session)
    return row


def adopt_all(session: Session, school: School, *, now: datetime) -> Sequence[Device]:
    """Adopts every device of the school that is new or quarantined; returns them in order."""
    rows = registry.devices_in_condition(session, school.code, UNADOPTED)
    for row in rows:
        _adopt(session, row, now)
    if rows:
        devices.changed(session)
    return rows


def _adopt(session: Session, row: Device, now: datetime) -> None:
    before, row.condition = row.condition, "active"
    session.add(row)
    detail = {"condition_before": before}
    audit.record(session, "device.adopt", "device", row.device, now=now, school=row.school, detail=detail)


def follow_strictness(session: Session, school: School) -> None:
    """Puts the devices that nobody has adopted where the school's setting wants them."""
    before, after = ("new", "quarantined") if school.strict else ("quarantined", "new")
    for row in registry.devices_in_condition(session, school.code, (before,)):
        row.condition = after
        session.add(row)


def set_identities(session: Session, school: str, device: str, wanted: Sequence[str]) -> None:
    """Gives a device its other names. One that announced itself under such a name was this device all along,
    and goes out of use.

    Raises Refused where another device in use has or is called one of them.
    """
    others = [one for one in wanted if one != device]
    problems = [
        (PLACE, f"{identity} is the device {owner} already")
        for identity, owner in sorted(identities.owners(session, school, others).items())
        if owner != device
    ]
    named = [row for row in identities.devices_named(session, school, others) if row.device != device]
    problems += [
        (PLACE, f"a device that is in use is called {row.device}")
        for row in named
        if row.condition == "active"
    ]
    if problems:
        raise Refused("; ".join(reason for _, reason in problems), place=PLACE, problems=problems)
    for row in named:
        row.condition = "retired"
        session.add(row)
    identities.replace(session, school, device, others)
