"""HTTP push: a device's body goes into the message log as it is, and is answered after the commit."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from safety_service.api.deps import EngineDep, Now, Wake, address_of
from safety_service.api.errors import problem_response
from safety_service.api.routing import OnceRoute
from safety_service.domain.decoding.aibox.answers import answer_to
from safety_service.domain.errors import NotAuthenticated
from safety_service.domain.rights import Caller
from safety_service.services import pushing
from safety_service.services.digest import REALM, Nonces
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

KEY_PARAMETER = "key"


class PushRoute(OnceRoute):
    """Answers a missing or wrong key with the challenges that devices understand."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        original = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await original(request)
            except NotAuthenticated as error:
                request_id = request.scope.get("request_id")
                return challenged(
                    request, error, problem_response(401, error.slug, str(error), request_id=request_id)
                )

        return handle


def challenged(request: Request, error: NotAuthenticated, answer: Response) -> Response:
    """The answer with a digest challenge, and below it one for Basic."""
    nonces, now = nonces_of(request), request.app.state.clock()
    stale = isinstance(error, pushing.StaleNonce)
    digest = nonces.challenge(address_of(request), now, stale=stale)
    for challenge in (digest, f'Basic realm="{REALM}"'):
        answer.headers.append("WWW-Authenticate", challenge)
    return answer


def nonces_of(request: Request) -> Nonces:
    nonces = request.app.state.nonces
    assert isinstance(nonces, Nonces)
    return nonces


def credential(request: Request) -> pushing.Request:
    """What of a request proves who sent it. The key in an address is for devices that can do nothing else."""
    return pushing.Request(
        method=request.method,
        path=request.url.path,
        address=address_of(request),
        key=request.headers.get("x-api-key") or request.query_params.get(KEY_PARAMETER),
        authorization=request.headers.get("authorization"),
    )


def pushing_caller(request: Request, engine: EngineDep, now: Now) -> Caller:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return pushing.caller_of(session, credential(request), nonces_of(request), now)


async def raw_body(request: Request) -> bytes:
    """The body as it came; where there is none, what was said in the address instead, without the key."""
    body = await request.body()
    if body:
        return body
    pairs = request.url.query.split("&")
    return "&".join(pair for pair in pairs if pair.partition("=")[0] != KEY_PARAMETER).encode()


Pusher = Annotated[Caller, Depends(pushing_caller)]
RawBody = Annotated[bytes, Depends(raw_body)]

router = APIRouter(tags=["push"], route_class=PushRoute)

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Committed; the answer that this vendor's devices expect"},
    202: {"description": "Committed; `position` is its number in the message log"},
    413: {"description": "Larger than CAMPUS_MAX_PUSH_BYTES"},
    503: {"description": "The database is away: send it again after Retry-After seconds"},
}


@router.post("/push/{school}/{format}/{rest:path}", status_code=202, responses=_RESPONSES)
@router.post("/push/{school}/{format}", status_code=202, responses=_RESPONSES)
def push_body(
    caller: Pusher,
    engine: EngineDep,
    now: Now,
    wake: Wake,
    payload: RawBody,
    school: str,
    format: str,
    rest: str = "",
) -> Response:
    """Any body in any of the formats, with the key of a device: `X-API-Key`, Basic, Digest, or `?key=`.

    It is stored before anything in it is read; what then cannot be read is among the rejected messages.
    """
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        position = pushing.put_in(
            session, caller, school=school, format=format, rest=rest, payload=payload, now=now, wake=wake
        )
    return _answer(format, rest, position, payload)


@router.get("/push/{school}/{format}/{rest:path}", status_code=202, responses=_RESPONSES)
def push_address(
    caller: Pusher,
    engine: EngineDep,
    now: Now,
    wake: Wake,
    payload: RawBody,
    school: str,
    format: str,
    rest: str,
) -> Response:
    """The same for devices that say all they have to say in the address: `?eid=cam-1&event=1123`."""
    return push_body(caller, engine, now, wake, payload, school, format, rest)


def _answer(format: str, rest: str, position: int, payload: bytes) -> Response:
    if format == "hikvision":
        return PlainTextResponse("OK")
    if format == "aibox":
        answer = answer_to(rest.partition("/")[0].lower(), payload)
        if answer is not None:
            return JSONResponse(answer)
    return JSONResponse({"position": position}, 202)
