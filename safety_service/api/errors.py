"""Every error leaves as `application/problem+json` (RFC 9457) with a stable type and a sentence."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, IntegrityError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from safety_service.domain.errors import Refused, SafetyError

log = structlog.get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"
TOO_LARGE = "too-large"
RETRY_SECONDS = 5
_HEADERS: dict[int, dict[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_SECONDS)},
}


class ProblemPlace(BaseModel):
    place: str = Field(description="Where, such as body.sections[2].score")
    reason: str


class Problem(BaseModel):
    """RFC 9457: `type` is stable and meant for programs, `detail` is a sentence for people."""

    type: str = Field(examples=["/problems/not-found"])
    title: str
    status: int
    detail: str
    instance: str | None = Field(default=None, description="The id of this request, as in the service's log")
    problems: list[ProblemPlace] = []


def problem_response(
    status: int,
    slug: str,
    detail: str,
    *,
    problems: Sequence[tuple[str, str]] = (),
    request_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {
        "type": f"/problems/{slug}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if request_id:
        body["instance"] = request_id
    if problems:
        body["problems"] = [{"place": place, "reason": reason} for place, reason in problems]
    return Response(msgspec.json.encode(body), status, headers, media_type=PROBLEM_TYPE)


def install(app: FastAPI) -> None:
    """Adds the handlers; what none of them takes is answered by the request log middleware."""
    app.add_exception_handler(SafetyError, _safety_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(IntegrityError, _integrity_error)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(OverflowError, _unstorable)


def _answer(request: Request, status: int, slug: str, detail: str, **more: Any) -> Response:
    return problem_response(status, slug, detail, request_id=request.scope.get("request_id"), **more)


def _safety_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SafetyError)
    headers = _HEADERS.get(error.status)
    problems = error.problems if isinstance(error, Refused) else []
    return _answer(request, error.status, error.slug, str(error), problems=problems, headers=headers)


def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [(_place(one["loc"]), _sentence(one)) for one in error.errors()]
    first = f"{problems[0][0]}: {problems[0][1]}" if problems else "it cannot be read"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return _answer(
        request, 422, "invalid-request", f"The request was refused. {first}{more}", problems=problems
    )


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return _answer(request, status, TOO_LARGE, error.detail, problems=[("body", error.detail)])
    slug = status.phrase.lower().replace(" ", "-")
    return _answer(request, status, slug, str(error.detail), headers=error.headers)


def _integrity_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, IntegrityError)
    # The first line names the constraint; the next ones may hold the row itself.
    log.warning("refused by the database", error=str(error.orig).partition("\n")[0])
    return _answer(request, 409, "conflict", "This contradicts what is already stored; read it again")


def _unstorable(request: Request, _error: Exception) -> Response:
    return _answer(request, 422, "invalid-request", "The request holds a value that cannot be stored")


def _place(location: Sequence[str | int]) -> str:
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    return place


def _sentence(error: Mapping[str, Any]) -> str:
    reason = str(error["msg"]).removeprefix("Value error, ")
    shown = error.get("input")
    if isinstance(shown, str | int | float) and error["type"] != "missing" and "password" not in error["loc"]:
        reason += f", not {str(shown)[:80]!r}" if isinstance(shown, str) else f", not {shown}"
    return reason
