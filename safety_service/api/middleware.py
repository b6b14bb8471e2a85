"""What surrounds every request: its id, its log line, the limit of its body, the answer to a defect."""

import re
import time
from collections.abc import Sequence
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safety_service.api.errors import TOO_LARGE, problem_response

log = structlog.get_logger(__name__)

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


class RequestLog:
    """Gives each request an id (`X-Request-ID`), one log line, and a plain 500 instead of a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else uuid4().hex
        scope["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception:
                log.exception("request failed", method=scope["method"], path=scope["path"])
                if status:
                    raise
                sentence = f"The service made an error; its log names it under {request_id}"
                answer = problem_response(500, "internal-error", sentence, request_id=request_id)
                await answer(scope, receive, send_with_id)
            if scope["path"] not in _QUIET:
                milliseconds = round((time.perf_counter() - started) * 1000, 1)
                log.info(
                    "request", method=scope["method"], path=scope["path"], status=status, ms=milliseconds
                )


class BodyLimit:
    """Refuses a body beyond `limit` bytes with 413, by its announced length or as soon as it is exceeded.

    `others`: paths that have a limit of their own.
    """

    def __init__(self, app: ASGIApp, limit: int, others: Sequence[tuple[re.Pattern[str], int]] = ()) -> None:
        self.app = app
        self.limit = limit
        self.others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        own = (limit for path, limit in self.others if path.fullmatch(scope["path"]))
        most = next(own, self.limit)
        sentence = f"The body is larger than {most} bytes"
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > most:
            answer = problem_response(
                413, TOO_LARGE, sentence, problems=[("body", sentence)], request_id=scope.get("request_id")
            )
            await answer(scope, receive, send)
            return
        taken = 0

        async def receive_limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(413, sentence)
            return message

        await self.app(scope, receive_limited, send)
