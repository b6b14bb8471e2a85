"""Devices: what has announced itself, what was adopted, when it was last heard of."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Path, Query, Response
from pydantic import AwareDatetime, BaseModel

from safety_service.api.deps import DeviceDep, Now, SchoolDep, SessionDep, SettingsDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.identities import Sameness, doubles
from safety_service.domain.registry import DeviceCondition, DeviceFields, DeviceId
from safety_service.domain.rights import Caller
from safety_service.services import adoption, registry
from safety_service.settings import Settings
from safety_service.store import identities
from safety_service.store import registry as store
from safety_service.store.tables import Device

router = new_router("registry")

Reader = Annotated[Caller, Depends(require("registry:read"))]
Writer = Annotated[Caller, Depends(require("registry:write"))]
NewDevice = Annotated[DeviceId, Path(description="What the device calls itself; may hold slashes")]


class DeviceOut(BaseModel):
    """`condition`: new (heard of, not adopted), active, quarantined, retired. `online`: heard of lately.

    `gateway`: behind which it was heard last. `clock_offset_seconds`: by how much its clock is ahead, as far
    as that is known; `clock_suspect`: its clock is wrong. `live_url`: where its picture can be watched, if
    anybody has said so.
    """

    school: str
    device: str
    name: str
    identities: list[str]
    zone: str | None
    zone_type: str | None
    format: str | None
    model: str | None
    live_url: str | None
    condition: str
    online: bool
    first_seen_at: AwareDatetime | None
    last_seen_at: AwareDatetime | None
    gateway: str | None
    clock_offset_seconds: float | None
    clock_suspect: bool


class DeviceNamed(BaseModel):
    school: str
    device: str
    name: str
    condition: str
    identities: list[str]


class DoubleOut(BaseModel):
    """Devices that are probably one. `sameness`: look_alike (their names differ in nothing that an eye sees,
    or in case, signs and letters that are mistaken for each other) or same_identity; `shared`: what is the
    same."""

    sameness: Sameness
    shared: str
    devices: list[DeviceNamed]


class Shapes:
    """Turns rows into answers; whether a device is online depends on the settings and the time."""

    def __init__(self, session: SessionDep, settings: SettingsDep, now: Now) -> None:
        self._session = session
        self._since = online_since(settings, now)

    def __call__(self, rows: Sequence[Device]) -> list[DeviceOut]:
        known = identities.of_devices(self._session, rows)
        return [
            DeviceOut(
                **row.model_dump(),
                identities=known.get((row.school, row.device), []),
                online=self._heard(row.last_seen_at),
            )
            for row in rows
        ]

    def _heard(self, seen: datetime | None) -> bool:
        return seen is not None and seen >= self._since


ShapesDep = Annotated[Callable[[Sequence[Device]], list[DeviceOut]], Depends(Shapes)]


def online_since(settings: Settings, now: datetime) -> datetime:
    """A device that was heard of at this moment or later is online."""
    return now - timedelta(seconds=settings.device_online_seconds)


def wanted(
    settings: SettingsDep,
    now: Now,
    school: str | None = None,
    condition: DeviceCondition | None = None,
    format: str | None = None,
    gateway: str | None = None,
    clock_suspect: bool | None = None,
    zone: Annotated[str | None, Query(description="A zone's code or its type")] = None,
    online: bool | None = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the id, name or model")] = None,
) -> store.DeviceFilter:
    edge = online_since(settings, now)
    return store.DeviceFilter(
        school=school,
        condition=condition,
        format=format,
        gateway=gateway,
        clock_suspect=clock_suspect,
        zone=zone,
        q=q,
        heard_since=edge if online else None,
        silent_since=edge if online is False else None,
    )


@router.get("/devices", responses=LIST_RESPONSES, response_model=ListOf[DeviceOut])
def list_devices(
    _caller: Reader,
    session: SessionDep,
    wanted: Annotated[store.DeviceFilter, Depends(wanted)],
    shapes: ShapesDep,
    paging: PagingDep,
) -> ListOf[DeviceOut] | Response:
    """In the order of school and device."""
    return paging.answer(
        lambda after, limit: store.list_devices(session, wanted, after, limit), shapes, DeviceOut
    )


@router.get("/devices/doubles", response_model=ListOf[DoubleOut])
def list_doubles(_caller: Reader, session: SessionDep, school: str | None = None) -> ListOf[DoubleOut]:
    """Devices that are probably one under two names, retired ones left out; all of them on one page."""
    found = doubles(identities.named(session, school))
    return ListOf(items=[DoubleOut.model_validate(one, from_attributes=True) for one in found])


@router.get("/devices/{school}/{device:path}")
def read_device(_caller: Reader, found: DeviceDep, shapes: ShapesDep) -> DeviceOut:
    return shapes([found])[0]


@router.put("/devices/{school}/{device:path}")
def put_device(
    _caller: Writer,
    session: SessionDep,
    now: Now,
    shapes: ShapesDep,
    found: SchoolDep,
    device: NewDevice,
    body: DeviceFields,
) -> DeviceOut:
    """Adopts a device that announced itself, or registers one before it does; it is active from now on."""
    return shapes([registry.put_device(session, found, device, body, now=now)])[0]


@router.post("/devices/{school}/adopt")
def adopt_all_devices(
    _caller: Writer, session: SessionDep, now: Now, shapes: ShapesDep, found: SchoolDep
) -> ListOf[DeviceOut]:
    """Adopts every device of the school that is new or quarantined, and answers with them."""
    return ListOf(items=shapes(adoption.adopt_all(session, found, now=now)))


@router.post("/devices/{school}/{device:path}/adopt")
def adopt_device(
    _caller: Writer, session: SessionDep, now: Now, shapes: ShapesDep, found: DeviceDep
) -> DeviceOut:
    """Takes a device that announced itself into use as it is; nothing happens to one that is in use."""
    return shapes([adoption.adopt(session, found, now=now)])[0]


@router.delete("/devices/{school}/{device:path}", status_code=204)
def retire_device(_caller: Writer, session: SessionDep, now: Now, found: DeviceDep) -> None:
    """Takes a device out of use. Its events and alerts stay; a PUT brings it back."""
    registry.retire_device(session, found, now=now)
