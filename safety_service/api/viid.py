"""The endpoints of GA/T 1400 in their own layout and with their own answers."""

from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from safety_service.api.deps import EngineDep, Now, Wake
from safety_service.api.errors import RETRY_SECONDS
from safety_service.api.push import challenged, credential, nonces_of
from safety_service.domain.decoding.viid.shapes import BEIJING
from safety_service.domain.errors import NotAuthenticated, SafetyError
from safety_service.services import pushing, viid
from safety_service.services.viid import Device
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

MEDIA_TYPE = "application/VIID+JSON;charset=UTF-8"
OK, OTHER_ERROR, BUSY, INVALID_OPERATION = 0, 1, 2, 4
TAKEN = frozenset(
    {
        "SubscribeNotifications",
        "DispositionNotifications",
        "Faces",
        "Persons",
        "MotorVehicles",
        "NonMotorVehicles",
        "Things",
        "Images",
        "APEs",
        "APEStatus",
        "Tollgates",
        "Lanes",
        "Scenes",
        "Files",
        "VideoSlices",
    }
)
"""What devices and platforms send of themselves."""

_CODES = {401: INVALID_OPERATION, 403: INVALID_OPERATION, 404: INVALID_OPERATION, 503: BUSY}


class ViidRoute(APIRoute):
    """Says what went wrong as the standard does: with a status of HTTP and a ResponseStatus."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        original = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await original(request)
            except SafetyError as error:
                code = _CODES.get(error.status, OTHER_ERROR)
                answer = _single(request, "", request.app.state.clock(), code, str(error), error.status)
                if error.status == 503:
                    answer.headers["Retry-After"] = str(RETRY_SECONDS)
                if isinstance(error, NotAuthenticated):
                    challenged(request, error, answer)
                return answer

        return handle


router = APIRouter(prefix="/VIID", tags=["GA/T 1400"], route_class=ViidRoute)


async def whole_body(request: Request) -> bytes:
    return await request.body()


def identity_of(request: Request) -> str | None:
    return request.headers.get("user-identify", "").strip() or None


def speaking(request: Request, engine: EngineDep, now: Now) -> Device:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return viid.speaking(session, credential(request), identity_of(request), nonces_of(request), now)


Body = Annotated[bytes, Depends(whole_body)]
Speaker = Annotated[Device, Depends(speaking)]


@router.post("/System/Register")
def register(request: Request, engine: EngineDep, now: Now, wake: Wake, body: Body) -> Response:
    """Digest with the name of a device's key as user and the key as password; Basic is taken as well."""
    proof, nonces = credential(request), nonces_of(request)
    with session_scope(engine, EVERY_SCHOOL) as session:
        pushing.caller_of(session, proof, nonces, now)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        device = viid.registering(session, proof, identity_of(request), body, nonces, now)
        viid.put_in(session, device, "System/Register", body, now, wake)
    return _single(request, device.viid_id, now)


@router.post("/System/Keepalive")
def keep_alive(
    request: Request, engine: EngineDep, now: Now, wake: Wake, device: Speaker, body: Body
) -> Response:
    """A heartbeat. A device that is not registered, or was not heard of for ten minutes, registers again."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        viid.put_in(session, device, "System/Keepalive", body, now, wake)
    return _single(request, device.viid_id, now)


@router.post("/System/UnRegister")
def unregister(
    request: Request, engine: EngineDep, now: Now, wake: Wake, device: Speaker, body: Body
) -> Response:
    """Signs the device off."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        viid.put_in(session, device, "System/UnRegister", body, now, wake)
        viid.leaving(session, device)
    return _single(request, device.viid_id, now)


@router.get("/System/Time")
def read_time(now: Now, device: Speaker) -> Response:
    """For devices that set their clock by the server they register with."""
    time = {
        "VIIDServerID": device.viid_id,
        "TimeMode": "1",
        "LocalTime": _local(now),
        "TimeZone": "Asia/Shanghai",
    }
    return _response({"SystemTimeObject": time})


@router.put("/{path:path}", include_in_schema=False)
@router.post("/{path:path}")
def take(
    request: Request, engine: EngineDep, now: Now, wake: Wake, device: Speaker, body: Body, path: str
) -> Response:
    """Notifications and captured objects (SubscribeNotifications, Faces, MotorVehicles, APEs …)."""
    if path.partition("/")[0] not in TAKEN:
        sentence = f"/VIID/{path[:40]} is not taken here"
        return _single(request, device.viid_id, now, INVALID_OPERATION, sentence, 404)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        viid.put_in(session, device, path, body, now, wake)
    return _many(request, viid.ids_in(body) or [""], now)


def _single(
    request: Request, identity: str, now: datetime, code: int = OK, sentence: str = "OK", status: int = 200
) -> Response:
    return _response({"ResponseStatusObject": _status(request, identity, now, code, sentence)}, status)


def _many(request: Request, identities: Iterable[str], now: datetime) -> Response:
    statuses = [_status(request, identity, now, OK, "OK") for identity in identities]
    return _response({"ResponseStatusListObject": {"ResponseStatusObject": statuses}})


def _status(request: Request, identity: str, now: datetime, code: int, sentence: str) -> dict[str, Any]:
    return {
        "RequestURL": request.url.path,
        "StatusCode": code,
        "StatusString": sentence,
        "Id": identity,
        "LocalTime": _local(now),
    }


def _local(now: datetime) -> str:
    return now.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


def _response(content: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type=MEDIA_TYPE)
