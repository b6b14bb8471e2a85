"""Devices that push over HTTP: who may, what of it is kept, and what they are answered."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.domain.types import Message
from safety_service.main import create_app
from safety_service.services import people
from safety_service.settings import Settings
from safety_service.store import messages, partitions
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests import people as accounts
from tests.conftest import OTHER_SCHOOL, SCHOOL, Clock

HERE = f"/api/v1/push/{SCHOOL}"
BODY = b"\x00 not even text \xff"
NAME = "kitchen-box"


@pytest.fixture
def woken() -> list[None]:
    return []


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """The databases make no difference here; `tests/services/test_pushed.py` walks the path on both."""
    return sqlite_engine


@pytest.fixture
def app(two_schools: Engine, settings: Settings, clock: Clock, woken: list[None]) -> FastAPI:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        partitions.ensure(session, partitions.COUNTY_PARTITION)
    return create_app(settings, two_schools, clock=clock, wake=lambda: woken.append(None))


@pytest.fixture
def make_key(two_schools: Engine, clock: Clock) -> Callable[..., str]:
    def make(name: str = NAME, role: str = "device", *schools: str) -> str:
        grant = people.Grant(role=role, schools=frozenset(schools or (SCHOOL,)))
        with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
            return people.create_key(session, name, grant, now=clock.now)[1]

    return make


@pytest.fixture
def key(make_key: Callable[..., str]) -> str:
    return make_key()


def logged(engine: Engine) -> list[Message]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return messages.read_after(session, 1, 0, 100)


def test_a_body_is_kept_as_it_came(
    client: TestClient, key: str, two_schools: Engine, clock: Clock, woken: list[None]
) -> None:
    answer = client.post(f"{HERE}/aibox/generic/box-1", content=BODY, headers={"X-API-Key": key})
    assert (answer.status_code, answer.json()) == (202, {"position": 1})
    (message,) = logged(two_schools)
    assert (message.topic, message.payload) == (f"campus/v1/{SCHOOL}/aibox/generic/box-1", BODY)
    assert (message.origin, message.received_at) == ("http", clock.now)
    assert woken == [None]


@pytest.mark.parametrize(
    "way",
    [
        lambda key: {"headers": {"X-API-Key": key}},
        lambda key: {"params": {"key": key}},
        lambda key: {"auth": httpx.BasicAuth("anything", key)},
        lambda key: {"auth": httpx.BasicAuth(key, "")},
        lambda key: {"auth": httpx.DigestAuth(NAME, key)},
    ],
    ids=["header", "address", "basic", "basic user", "digest"],
)
def test_the_key_is_taken_in_every_way_a_device_knows(
    way: Callable[[str], Any], client: TestClient, key: str, two_schools: Engine
) -> None:
    answer = client.post(f"{HERE}/viid/cam-1", content=BODY, **way(key))
    assert answer.status_code == 202, answer.text
    assert [message.payload for message in logged(two_schools)] == [BODY]


@pytest.mark.parametrize(
    "request_of",
    [
        {},
        {"headers": {"X-API-Key": "csk_wrong"}},
        {"auth": httpx.BasicAuth(NAME, "csk_wrong")},
        {"auth": httpx.DigestAuth(NAME, "csk_wrong")},
        {"auth": httpx.DigestAuth("nobody", "csk_wrong")},
        {"headers": {"Authorization": "Basic ?"}},
        {"headers": {"Authorization": 'Digest username="kitchen-box"'}},
    ],
)
def test_without_a_right_key_nothing_is_kept(
    request_of: Any, client: TestClient, key: str, two_schools: Engine
) -> None:
    answer = client.post(f"{HERE}/viid/cam-1", content=BODY, **request_of)
    assert answer.status_code == 401
    challenges = answer.headers.get_list("www-authenticate")
    assert [challenge.split()[0] for challenge in challenges] == ["Digest", "Basic"]
    assert logged(two_schools) == []


def test_an_answer_to_an_old_challenge_is_told_so(
    client: TestClient, key: str, clock: Clock, two_schools: Engine
) -> None:
    auth = httpx.DigestAuth(NAME, key)
    first = client.post(f"{HERE}/viid/cam-1", content=BODY, auth=auth)
    again = first.request.headers["authorization"]
    clock.forward(minutes=4)
    assert client.post(f"{HERE}/viid/cam-1", headers={"Authorization": again}).status_code == 202
    clock.forward(minutes=2)
    late = client.post(f"{HERE}/viid/cam-1", headers={"Authorization": again})
    assert late.status_code == 401
    assert "stale=true" in late.headers.get_list("www-authenticate")[0]


def test_an_answer_that_was_listened_to_is_of_no_use_elsewhere(app: FastAPI, key: str) -> None:
    here, elsewhere = TestClient(app), TestClient(app, client=("10.9.9.9", 1))
    said = here.post(f"{HERE}/viid/cam-1", content=BODY, auth=httpx.DigestAuth(NAME, key)).request.headers
    for client, path, status in (
        (elsewhere, f"{HERE}/viid/cam-1", 401),
        (here, f"{HERE}/viid/cam-2", 401),
        (here, f"{HERE}/viid/cam-1", 202),
    ):
        header = {"Authorization": said["authorization"]}
        assert client.post(path, content=BODY, headers=header).status_code == status


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/api/v1/push/{OTHER_SCHOOL}/viid/cam-1", 404),
        ("/api/v1/push/999999-999/viid/cam-1", 404),
        (f"{HERE}/nonsense/cam-1", 404),
        (f"{HERE}/service/x", 404),
        (f"{HERE}/receipts/x", 404),
        (f"{HERE}/viid/a+b", 422),
    ],
)
def test_only_into_its_own_schools_and_only_what_is_read(
    path: str, status: int, client: TestClient, key: str, two_schools: Engine
) -> None:
    answer = client.post(path, content=BODY, headers={"X-API-Key": key})
    assert answer.status_code == status, answer.text
    assert logged(two_schools) == []


def test_the_key_of_a_device_does_nothing_else_and_others_do_not_push(
    client: TestClient, key: str, make_key: Callable[..., str]
) -> None:
    for path in ("/alerts", "/devices", "/schools", "/events", "/vendors"):
        assert client.get(f"/api/v1{path}", headers={"X-API-Key": key}).status_code == 403
    viewer = make_key("screen", "viewer")
    answer = client.post(f"{HERE}/viid/cam-1", content=BODY, headers={"X-API-Key": viewer})
    assert answer.status_code == 403


def test_a_revoked_key_works_no_more_in_any_way(
    client: TestClient, key: str, two_schools: Engine, clock: Clock
) -> None:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        people.revoke_key(session, 1, clock.now)
    for way in ({"headers": {"X-API-Key": key}}, {"auth": httpx.DigestAuth(NAME, key)}):
        assert client.post(f"{HERE}/viid/x", content=BODY, **way).status_code == 401


def test_a_recorder_that_knows_only_addresses(client: TestClient, key: str, two_schools: Engine) -> None:
    address = f"{HERE}/aibox/dxsnvr?eid=cam-1&key={key}&event=1123&memo=%E5%8E%A8%E6%88%BF"
    answer = client.get(address)
    assert (answer.status_code, answer.json()) == (200, {"result": 0})
    (message,) = logged(two_schools)
    assert message.payload == b"eid=cam-1&event=1123&memo=%E5%8E%A8%E6%88%BF"


def test_an_answer_holds_what_the_platform_wants_to_hear_again(client: TestClient, key: str) -> None:
    message = {
        "header": {"messageId": "m-1", "deviceId": "D1", "type": "ys.alarm"},
        "body": {"alarmType": "pir"},
    }
    for content, expected in ((json.dumps(message), "m-1"), (BODY, None)):
        answer = client.post(f"{HERE}/aibox/ezviz", content=content, headers={"X-API-Key": key})
        assert (answer.status_code, answer.json()) == (200, {"messageId": expected})


def test_bodies_may_be_larger_than_those_of_people(app: FastAPI, key: str, two_schools: Engine) -> None:
    settings: Settings = app.state.settings
    client = TestClient(app)
    header = {"X-API-Key": key}
    large = b"x" * (settings.max_request_bytes + 1)
    assert client.post(f"{HERE}/viid/x", content=large, headers=header).status_code == 202
    too_large = b"x" * (settings.max_push_bytes + 1)
    assert client.post(f"{HERE}/viid/x", content=too_large, headers=header).status_code == 413
    assert [len(message.payload) for message in logged(two_schools)] == [len(large)]


def test_while_the_database_is_away_the_device_is_told_when_to_come_back(
    settings: Settings, clock: Clock
) -> None:
    nowhere = create_app(settings, open_engine("sqlite:////nonexistent/never-opened.db"), clock=clock)
    client = TestClient(nowhere)
    header = {"X-API-Key": "csk_any"}
    answer = client.post(f"{HERE}/viid/x", content=BODY, headers=header)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    answer = client.post("/VIID/Faces", content=BODY, headers={**header, "User-Identify": "cam"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["ResponseStatusObject"]["StatusCode"] == 2


def test_the_role_is_for_keys_and_names_its_schools(app: FastAPI, two_schools: Engine, clock: Clock) -> None:
    accounts.add_one_of_each_role(two_schools, clock.now, [SCHOOL])
    admin = accounts.log_in(app, "admin")
    person = {"name": "cam", "password": accounts.PASSWORD, "role": "device", "schools": [SCHOOL]}
    assert admin.post("/api/v1/users", json=person).status_code == 422
    assert admin.post("/api/v1/api-keys", json={"name": "cam", "role": "device"}).status_code == 422
    made = admin.post("/api/v1/api-keys", json={"name": "cam", "role": "device", "schools": [SCHOOL]})
    assert made.status_code == 201, made.text
    answer = TestClient(app).post(f"{HERE}/viid/x", content=b"{}", headers={"X-API-Key": made.json()["key"]})
    assert answer.status_code == 202
