"""Inspections over HTTP: the call of the outer interface, its errors in one line."""

import json
from datetime import datetime

import httpx
import pytest

from device_simulator.rest import InspectionDesk
from tests.device_simulator import stage

NOW = datetime.fromisoformat("2026-11-24T07:30:00+08:00")


def inspection_form() -> tuple[str, object]:
    _, happening = stage.happenings("canteen_inspection", stage.setting())[0]
    return happening.attributes["cafeteria"], happening


def desk_answering(answer: httpx.Response | Exception, seen: list[httpx.Request]) -> InspectionDesk:
    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return InspectionDesk("http://service.test", "key-1", httpx.MockTransport(handle))


def test_the_call() -> None:
    seen: list[httpx.Request] = []
    desk = desk_answering(httpx.Response(201, json={}), seen)
    cafeteria, form = inspection_form()
    assert desk.post(form, NOW, "r1-0") is None  # type: ignore[arg-type]
    assert (desk.accepted, desk.refused) == (1, 0)
    request = seen[0]
    assert (request.method, request.url.path) == ("POST", f"/api/v1/cafeterias/{cafeteria}/inspections")
    assert request.headers["X-API-Key"] == "key-1"
    assert request.headers["Idempotency-Key"] == "r1-0"
    body = json.loads(request.content)
    assert (body["cafeteria"], body["date"], body["scheme"]) == (cafeteria, "2026-11-24", "cn.dynamic_2012")
    assert len(body["items"]) == 30


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            httpx.Response(422, json={"title": "Unprocessable", "detail": "item 1.1 twice"}),
            "refused: 422 item 1.1 twice",
        ),
        (httpx.Response(404, json={"title": "Not found"}), "refused: 404 Not found"),
        (httpx.Response(502, text="<html>"), "refused: 502 Bad Gateway"),
        (httpx.Response(400, json=["odd"]), "refused: 400 Bad Request"),
        (httpx.ConnectError("connection refused"), "not delivered: connection refused"),
    ],
)
def test_a_refusal_is_one_line(answer: httpx.Response | Exception, line: str) -> None:
    desk = desk_answering(answer, [])
    cafeteria, form = inspection_form()
    assert desk.post(form, NOW, "r1-0") == f"inspection of {cafeteria} {line}"  # type: ignore[arg-type]
    assert (desk.accepted, desk.refused) == (0, 1)
