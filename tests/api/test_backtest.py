"""`POST /rules/backtest`: whose schools, how much, one at a time, and for as long as somebody waits."""

import asyncio
from collections.abc import Callable, MutableMapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import func, select

from safety_service.api.schemas_backtest import BacktestOut
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_people import AuditEntry
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.services.test_pipeline import House, native

AsRole = Callable[[str], TestClient]
PATH = "/api/v1/rules/backtest"
ASKED: dict[str, Any] = {"from": "2026-09-01T08:00:00+08:00", "to": "2026-09-01T09:00:00+08:00"}
PRESS_ONLY = (
    "rules: [{id: press, title: {zh: 报警, en: Press}, kind: event, match: {kind: fire}, severity: major}]"
)


@pytest.fixture
def house(app: FastAPI, two_schools: Engine) -> House:
    """A press at each school, a minute apart, and RULES in force."""
    house = House(two_schools)
    for minute, school in enumerate((SCHOOL, OTHER_SCHOOL)):
        when = NOW + timedelta(minutes=minute)
        house.receive(
            native(when, school=school, id=f"p{minute}", type="panic_button", data={"phase": "pulse"})
        )
        house.advance(when + timedelta(seconds=1))
    house.advance(NOW + timedelta(hours=1))
    return house


def test_the_rules_in_force_show_no_difference(house: House, client_as: AsRole) -> None:
    answer = client_as("duty_officer").post(PATH, json=ASKED)
    assert answer.status_code == 200, answer.text
    report = BacktestOut.model_validate(answer.json())
    assert (report.events, report.total.would.raised) == (2, 2)
    assert report.total.would == report.total.was
    assert set(report.total.difference.values()) == {0}
    assert [school.school for school in report.schools] == [SCHOOL, OTHER_SCHOOL]
    assert [day.day for day in report.days] == ["2026-09-01"]


def test_a_candidate_is_replayed_instead(house: House, client_as: AsRole) -> None:
    report = client_as("admin").post(PATH, json={**ASKED, "text": PRESS_ONLY}).json()
    press = report["rules"][0]
    assert (press["would"]["raised"], press["was"]["raised"], press["only_was"]) == (0, 2, 2)
    assert [missed["rule"] for missed in report["missed"]] == ["press", "press"]


def test_the_answer_holds_the_callers_schools_only(house: House, client_as: AsRole) -> None:
    answer = client_as("security").post(PATH, json=ASKED)
    assert answer.json()["events"] == 1
    assert OTHER_SCHOOL not in answer.text
    asked = {**ASKED, "schools": [OTHER_SCHOOL]}
    refused = client_as("security").post(PATH, json=asked)
    assert (refused.status_code, refused.json()["detail"]) == (404, f"there is no school {OTHER_SCHOOL}")
    assert client_as("admin").post(PATH, json=asked).json()["events"] == 1


def test_it_needs_a_credential_and_leaves_no_trace(
    house: House, client: TestClient, client_as: AsRole
) -> None:
    assert client.post(PATH, json=ASKED).status_code == 401
    admin = client_as("admin")
    with session_scope(house.engine, EVERY_SCHOOL) as session:
        before = session.exec(select(func.count()).select_from(AuditEntry)).one()
    admin.post(PATH, json=ASKED)
    with session_scope(house.engine, EVERY_SCHOOL) as session:
        assert session.exec(select(func.count()).select_from(AuditEntry)).one() == before


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"to": "2026-09-01T07:00:00+08:00"}, 422, "must come after"),
        ({"to": "2026-10-03T08:00:00+08:00"}, 422, "31 days at most"),
        ({"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}, 404, "no events are stored"),
        ({"from": "yesterday"}, 422, ""),
        ({"text": "rules: [{id: a, kind: evnt}]"}, 422, "evnt"),
        ({"schools": ["370828-999"]}, 404, "there is no school 370828-999"),
        ({"speed": 2}, 422, "speed"),
    ],
)
def test_what_cannot_be_replayed_is_refused_with_a_sentence(
    house: House, client_as: AsRole, change: dict[str, Any], status: int, sentence: str
) -> None:
    answer = client_as("admin").post(PATH, json={**ASKED, **change})
    assert answer.status_code == status, answer.text
    assert sentence in answer.text


def test_one_runs_at_a_time(house: House, app: FastAPI, client_as: AsRole) -> None:
    admin = client_as("admin")
    with app.state.backtest_turn:
        refused = admin.post(PATH, json=ASKED)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("backtest-running")
    assert admin.post(PATH, json=ASKED).status_code == 200


def test_it_is_given_up_when_the_caller_goes_away(house: House, app: FastAPI, client_as: AsRole) -> None:
    token = client_as("admin").headers["Authorization"]
    body = msgspec.json.encode(ASKED)
    coming = [{"type": "http.request", "body": body, "more_body": False}]
    told: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return coming.pop() if coming else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"authorization", token.encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    asyncio.run(app(scope, receive, send))
    assert told[0]["status"] == 503
    assert b"backtest-given-up" in told[1]["body"]
    assert not app.state.backtest_turn.locked()
