"""GA/T 1400 devices: registering with a key, staying alive, and being believed by their id afterwards.

The standard authenticates the registration alone; whatever follows carries a `User-Identify` and no
credential. It is believed from the address that registered, while the device is heard of and its key is good.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session

from safety_service.domain.decoding.lenient import read_lenient
from safety_service.domain.decoding.viid.shapes import names_in, objects_in, text
from safety_service.domain.errors import Forbidden, NotAuthenticated, Refused
from safety_service.domain.rights import Caller
from safety_service.services import pushing
from safety_service.services.digest import Nonces
from safety_service.services.pushing import Request
from safety_service.store import audit, push
from safety_service.store.tables_push import ViidRegistration

FORMAT = "viid"
SILENT_FOR = timedelta(minutes=10)
"""Several keepalives, whose period is a minute and a half at most."""
NOTED_EVERY = timedelta(seconds=30)
MOST_ANSWERED = 500
_UNKNOWN = "not-registered"
_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")


class Device(msgspec.Struct, frozen=True):
    """Who speaks: the caller behind the key, its one school, and the id the device goes by.

    `heard_at`: when it was last noted that the device is heard of; empty for one that has not registered.
    """

    caller: Caller
    school: str
    viid_id: str
    heard_at: datetime | None = None


def registering(
    session: Session, request: Request, identity: str | None, body: bytes, nonces: Nonces, now: datetime
) -> Device:
    """Takes a registration, proven by the key. Raises NotAuthenticated, Forbidden, Refused."""
    caller = pushing.caller_of(session, request, nonces, now)
    device = _device(caller, identity or id_in(body))
    before = push.registration(session, device.viid_id)
    if before is not None and before[0].school != device.school and before[1].revoked_at is None:
        # Otherwise one school's key could speak in the name of another's device.
        raise Forbidden(f"{device.viid_id} is registered for another school; revoke that key first")
    found = push.key_with_digest(session, caller.name.removeprefix("key:"))
    if found is None:
        raise Forbidden("a GA/T 1400 device registers with a key of the role device")
    row = ViidRegistration(
        viid_id=device.viid_id,
        key_id=found[0].id,
        school=device.school,
        address=request.address,
        registered_at=now,
        heard_at=now,
    )
    known = before is not None and (before[0].key_id, before[0].address) == (row.key_id, row.address)
    push.save_registration(session, row)
    if not known:
        audit.act_as(session, audit.Actor(caller.name, request.address))
        audit.record(session, "viid.register", "device", device.viid_id, now=now, school=device.school)
    return device


def speaking(
    session: Session, request: Request, identity: str | None, nonces: Nonces, now: datetime
) -> Device:
    """The device behind any other request: by a key if it sends one, else by its registration."""
    if request.key or request.authorization:
        return _device(pushing.caller_of(session, request, nonces, now), identity)
    found = push.registration(session, identity) if identity and _ID.fullmatch(identity) else None
    if found is None or found[0].address != request.address or now - found[0].heard_at > SILENT_FOR:
        raise NotAuthenticated("the device is not registered; register it with its key", slug=_UNKNOWN)
    row, key = found
    caller = pushing.caller_with(session, key, request.address, now)
    if not (caller.every_school or row.school in caller.schools):
        raise NotAuthenticated("the key is no longer for the school of this device", slug=_UNKNOWN)
    return Device(caller, row.school, row.viid_id, row.heard_at)


def leaving(session: Session, device: Device) -> None:
    """The device has signed off; its id is believed no more."""
    found = push.registration(session, device.viid_id)
    if found is not None and found[0].school == device.school:
        push.forget(session, found[0])


def put_in(
    session: Session, device: Device, path: str, payload: bytes, now: datetime, wake: Callable[[], None]
) -> None:
    """The body into the message log, under the id of the device and the path it was sent to."""
    if device.heard_at is not None and now - device.heard_at >= NOTED_EVERY:
        push.heard(session, device.viid_id, now)
    pushing.put_in(
        session,
        device.caller,
        school=device.school,
        format=FORMAT,
        rest=f"{device.viid_id}/{path}",
        payload=payload,
        now=now,
        wake=wake,
    )


def id_in(body: bytes) -> str | None:
    """The DeviceID of a registration, with or without the object around it."""
    document = read_lenient(body)
    if not isinstance(document, dict):
        return None
    inner = next((value for value in document.values() if isinstance(value, dict)), document)
    return text(inner, "DeviceID") or text(document, "DeviceID") or None


def ids_in(body: bytes) -> list[str]:
    """The ids of the objects in a body, for the answer: devices look for theirs. Read after the commit."""
    document = read_lenient(body)
    found: list[str] = []
    if not isinstance(document, dict):
        return found
    for field, name in names_in(document):
        for one in objects_in(document[field], name):
            about = next(iter(objects_in(one.get("ImageInfo"), "ImageInfo")), one)
            found.append(text(about, "NotificationID", f"{name}ID", "ApeID", "ImageID", "DeviceID"))
    return found[:MOST_ANSWERED]


def _device(caller: Caller, identity: str | None) -> Device:
    if len(caller.schools) != 1:
        raise Forbidden("the key of a GA/T 1400 device names exactly one school")
    viid_id = identity or caller.name.removeprefix("key:")
    if not _ID.fullmatch(viid_id):
        raise Refused("a DeviceID is 1 to 64 letters, digits and . _ -", place="User-Identify")
    return Device(caller, next(iter(caller.schools)), viid_id)
