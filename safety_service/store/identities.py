"""The other names of devices: of each school every name once."""

from collections.abc import Collection, Sequence

from sqlmodel import Session, col, delete, select

from safety_service.domain.identities import Named, spellings
from safety_service.store.tables import Device
from safety_service.store.tables_identity import DeviceIdentity


def every(session: Session) -> list[tuple[str, str, str]]:
    """(school, identity, device) of all."""
    return list(session.exec(select(DeviceIdentity.school, DeviceIdentity.identity, DeviceIdentity.device)))


def of_devices(session: Session, devices: Sequence[Device]) -> dict[tuple[str, str], list[str]]:
    """The identities of each of these devices that has any, in their order."""
    schools = {device.school for device in devices}
    names = {device.device for device in devices}
    found: dict[tuple[str, str], list[str]] = {}
    rows = session.exec(
        select(DeviceIdentity)
        .where(col(DeviceIdentity.school).in_(schools), col(DeviceIdentity.device).in_(names))
        .order_by(col(DeviceIdentity.identity))
    )
    for row in rows:
        found.setdefault((row.school, row.device), []).append(row.identity)
    return found


def owners(session: Session, school: str, wanted: Collection[str]) -> dict[str, str]:
    """Which device of the school has each of these identities, in whatever spelling."""
    spelled = {spelling: identity for identity in wanted for spelling in spellings(identity)}
    rows = session.exec(
        select(DeviceIdentity.identity, DeviceIdentity.device).where(
            DeviceIdentity.school == school, col(DeviceIdentity.identity).in_(spelled)
        )
    )
    return {spelled[identity]: device for identity, device in rows}


def devices_named(session: Session, school: str, wanted: Collection[str]) -> list[Device]:
    """The devices of the school that are called so themselves."""
    spelled = {spelling for identity in wanted for spelling in spellings(identity)}
    statement = select(Device).where(Device.school == school, col(Device.device).in_(spelled))
    return list(session.exec(statement.order_by(col(Device.device))))


def replace(session: Session, school: str, device: str, wanted: Collection[str]) -> None:
    """Gives the device these identities and no others."""
    session.exec(
        delete(DeviceIdentity).where(
            col(DeviceIdentity.school) == school, col(DeviceIdentity.device) == device
        )
    )
    session.add_all(DeviceIdentity(school=school, identity=one, device=device) for one in wanted)
    session.flush()


def named(session: Session, school: str | None) -> list[Named]:
    """Every device that the session may see, by all that it is called."""
    statement = select(Device)
    others = select(DeviceIdentity)
    if school is not None:
        statement = statement.where(Device.school == school)
        others = others.where(DeviceIdentity.school == school)
    known: dict[tuple[str, str], list[str]] = {}
    for row in session.exec(others.order_by(col(DeviceIdentity.identity))):
        known.setdefault((row.school, row.device), []).append(row.identity)
    return [
        Named(one.school, one.device, one.name, one.condition, tuple(known.get((one.school, one.device), ())))
        for one in session.exec(statement)
    ]
