"""Devices: what has announced itself, what was adopted, when it was last heard of."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Path, Query, Response
from pydantic import AwareDatetime, BaseModel

from safety_service.api.deps import DeviceDep, Now, SchoolDep, SessionDep, SettingsDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.registry import DeviceCondition, DeviceFields, DeviceId
from safety_service.domain.rights import Caller
from safety_service.services import registry
from safety_service.settings import Settings
from safety_service.store import registry as store
from safety_service.store.tables import Device

router = new_router("registry")

Reader = Annotated[Caller, Depends(require("registry:read"))]
Writer = Annotated[Caller, Depends(require("registry:write"))]
NewDevice = Annotated[DeviceId, Path(description="What the device calls itself; may hold slashes")]


class DeviceOut(BaseModel):
    """`condition`: new (heard of, not adopted), active, quarantined, retired. `online`: heard of lately.

    `live_url`: where its picture can be watched, if anybody has said so."""

    school: str
    device: str
    name: str
    zone: str | None
    zone_type: str | None
    format: str | None
    model: str | None
    live_url: str | None
    condition: str
    online: bool
    first_seen_at: AwareDatetime | None
    last_seen_at: AwareDatetime | None


class Shapes:
    """Turns rows into answers; whether a device is online depends on the settings and the time."""

    def __init__(self, settings: SettingsDep, now: Now) -> None:
        self._since = online_since(settings, now)

    def __call__(self, rows: Sequence[Device]) -> list[DeviceOut]:
        return [DeviceOut(**row.model_dump(), online=self._heard(row.last_seen_at)) for row in rows]

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
    zone: Annotated[str | None, Query(description="A zone's code or its type")] = None,
    online: bool | None = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the id, name or model")] = None,
) -> store.DeviceFilter:
    edge = online_since(settings, now)
    return store.DeviceFilter(
        school=school,
        condition=condition,
        format=format,
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


@router.delete("/devices/{school}/{device:path}", status_code=204)
def retire_device(_caller: Writer, session: SessionDep, now: Now, found: DeviceDep) -> None:
    """Takes a device out of use. Its events and alerts stay; a PUT brings it back."""
    registry.retire_device(session, found, now=now)
