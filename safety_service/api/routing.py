"""The route class of every router: a write with an `Idempotency-Key` is done once and answered alike."""

import hashlib
import hmac
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from safety_service.domain.errors import Conflict, Refused
from safety_service.store import idempotency
from safety_service.store.tables_people import IdempotencyRecord

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_KEPT_HEADERS = frozenset({"content-type", "location", "etag", "link"})
_MAXIMUM_KEY = 200


class Attempt(msgspec.Struct):
    """A write with a key: what was sent and, once its transaction has begun, by whom and in which."""

    key: str
    fingerprint: str
    caller: str | None = None
    session: Session | None = None


class Repeated(Exception):  # noqa: N818 - not an error: the way out of a dependency with the first answer
    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


class OnceRoute(APIRoute):
    """Keeps the answer to a write in the transaction of the write itself (see deps.get_session)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        original = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method in SAFE_METHODS or "idempotency-key" not in request.headers:
                return await original(request)
            attempt = await _attempt(request)
            request.state.attempt = attempt
            try:
                answer = await original(request)
            except Repeated as repeat:
                return repeat.answer
            if attempt.session is not None:
                await run_in_threadpool(_keep, attempt, answer)
            return answer

        return handle


def new_router(tag: str) -> APIRouter:
    """The router that every file of `api/` begins with."""
    return APIRouter(tags=[tag], route_class=OnceRoute)


def first_or_repeat(attempt: Attempt, found: IdempotencyRecord | None) -> None:
    """Goes on for a first attempt (`found` is None), else raises Repeated with the first answer.

    Raises Refused where the key was used for another request, Conflict where the answer is not kept.
    """
    if found is None:
        return
    if found.fingerprint != attempt.fingerprint:
        raise Refused(
            "this Idempotency-Key was used for another request; take a new one",
            place="header.idempotency-key",
            slug="idempotency-key-reused",
        )
    if found.status is None or found.body is None:
        raise Conflict(
            "the first request with this Idempotency-Key was carried out; its answer held a secret or is "
            "not kept",
            slug="idempotency-answer-not-kept",
        )
    headers = {**found.headers, "Idempotency-Replayed": "true"}
    raise Repeated(Response(found.body, found.status, headers))


async def _attempt(request: Request) -> Attempt:
    key = request.headers["idempotency-key"].strip()
    if not key or len(key) > _MAXIMUM_KEY or not key.isprintable():
        raise Refused(
            f"an Idempotency-Key has 1 to {_MAXIMUM_KEY} printable characters", place="header.idempotency-key"
        )
    secret: str = request.app.state.settings.secret_key.get_secret_value()
    sent = b"\n".join((request.method.encode(), str(request.url).encode(), await request.body()))
    # Keyed: a body may hold a password, which a plain hash would let anyone with the table guess.
    return Attempt(key, hmac.new(secret.encode(), sent, hashlib.sha256).hexdigest())


def _keep(attempt: Attempt, answer: Response) -> None:
    assert attempt.session is not None
    assert attempt.caller is not None
    secret = "no-store" in answer.headers.get("cache-control", "")
    headers = {name: value for name, value in answer.headers.items() if name in _KEPT_HEADERS}
    body = None if secret else bytes(answer.body)
    idempotency.keep_answer(attempt.session, attempt.caller, attempt.key, answer.status_code, headers, body)
