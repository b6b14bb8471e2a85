"""GA/T 1400 over HTTP: registering by digest, staying alive, notifications, and answers in its own words."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.domain.types import Message
from safety_service.main import create_app
from safety_service.services import people
from safety_service.settings import Settings
from safety_service.store import messages, partitions
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_people import AuditEntry
from tests.conftest import OTHER_SCHOOL, SCHOOL, Clock

CAMERA = "37082801001190000001"
FACE = {"FaceListObject": {"FaceObject": [{"FaceID": "f-1", "DeviceID": CAMERA}, {"FaceID": "f-2"}]}}


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """The databases make no difference here; `tests/services/test_pushed.py` walks the path on both."""
    return sqlite_engine


@pytest.fixture
def app(two_schools: Engine, settings: Settings, clock: Clock) -> FastAPI:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        partitions.ensure(session, partitions.COUNTY_PARTITION)
    return create_app(settings, two_schools, clock=clock)


@pytest.fixture
def make_key(two_schools: Engine, clock: Clock) -> Callable[..., str]:
    def make(name: str, *schools: str) -> str:
        grant = people.Grant(role="device", schools=frozenset(schools))
        with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
            return people.create_key(session, name, grant, now=clock.now)[1]

    return make


@pytest.fixture
def key(make_key: Callable[..., str]) -> str:
    return make_key("gate-camera", SCHOOL)


def register(client: TestClient, key: str, name: str = "gate-camera", device: str = CAMERA) -> Response:
    answer: Response = client.post(
        "/VIID/System/Register",
        json={"RegisterObject": {"DeviceID": device}},
        headers={"User-Identify": device},
        auth=httpx.DigestAuth(name, key),
    )
    return answer


def say(client: TestClient, path: str, body: Any, device: str = CAMERA) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer: Response = client.post(f"/VIID/{path}", content=content, headers={"User-Identify": device})
    return answer


def status_of(answer: Response) -> Any:
    assert answer.headers["content-type"] == "application/VIID+JSON;charset=UTF-8"
    return answer.json()["ResponseStatusObject"]


def logged(engine: Engine) -> list[Message]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return messages.read_after(session, 1, 0, 100)


def test_from_registering_to_signing_off(client: TestClient, key: str, two_schools: Engine) -> None:
    challenged = client.post("/VIID/System/Register", json={"RegisterObject": {"DeviceID": CAMERA}})
    assert challenged.status_code == 401
    assert challenged.headers.get_list("www-authenticate")[0].startswith("Digest realm=")
    assert status_of(challenged)["StatusCode"] == 4

    assert status_of(register(client, key)) == {
        "RequestURL": "/VIID/System/Register",
        "StatusCode": 0,
        "StatusString": "OK",
        "Id": CAMERA,
        "LocalTime": "20260901080000",
    }
    alive = say(client, "System/Keepalive", {"KeepaliveObject": {"DeviceID": CAMERA}})
    assert (alive.status_code, status_of(alive)["StatusCode"]) == (200, 0)
    faces = say(client, "Faces", FACE)
    answers = faces.json()["ResponseStatusListObject"]["ResponseStatusObject"]
    assert [(one["Id"], one["StatusCode"]) for one in answers] == [("f-1", 0), ("f-2", 0)]
    time = client.get("/VIID/System/Time", headers={"User-Identify": CAMERA}).json()["SystemTimeObject"]
    assert time["LocalTime"] == "20260901080000"
    gone = say(client, "System/UnRegister", {"UnRegisterObject": {"DeviceID": CAMERA}})
    assert status_of(gone)["StatusCode"] == 0
    assert say(client, "Faces", FACE).status_code == 401

    prefix = f"campus/v1/{SCHOOL}/viid/{CAMERA}"
    assert [message.topic for message in logged(two_schools)] == [
        f"{prefix}/System/Register",
        f"{prefix}/System/Keepalive",
        f"{prefix}/Faces",
        f"{prefix}/System/UnRegister",
    ]
    assert {message.origin for message in logged(two_schools)} == {"http"}


def test_what_cannot_be_read_is_kept_and_accepted(client: TestClient, key: str, two_schools: Engine) -> None:
    register(client, key)
    answer = say(client, "SubscribeNotifications", b"\xff not JSON")
    assert answer.status_code == 200
    assert logged(two_schools)[-1].payload == b"\xff not JSON"


def test_an_id_alone_is_believed_only_from_where_it_registered(app: FastAPI, key: str) -> None:
    here, elsewhere = TestClient(app), TestClient(app, client=("10.9.9.9", 1))
    register(here, key)
    assert say(elsewhere, "Faces", FACE).status_code == 401
    assert say(here, "Faces", FACE, device="37082801001190000002").status_code == 401
    assert say(here, "Faces", FACE).status_code == 200


def test_a_device_that_fell_silent_registers_again(client: TestClient, key: str, clock: Clock) -> None:
    register(client, key)
    clock.forward(minutes=9)
    assert say(client, "System/Keepalive", {"KeepaliveObject": {"DeviceID": CAMERA}}).status_code == 200
    clock.forward(minutes=9)
    assert say(client, "Faces", FACE).status_code == 200
    clock.forward(minutes=11)
    assert say(client, "Faces", FACE).status_code == 401
    assert register(client, key).status_code == 200
    assert say(client, "Faces", FACE).status_code == 200


def test_a_revoked_key_ends_the_registration(
    client: TestClient, key: str, two_schools: Engine, clock: Clock
) -> None:
    register(client, key)
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        people.revoke_key(session, 1, clock.now)
    assert say(client, "Faces", FACE).status_code == 401


def test_no_school_speaks_in_the_name_of_anothers_device(
    client: TestClient, key: str, make_key: Callable[..., str], two_schools: Engine, clock: Clock
) -> None:
    other = make_key("other-camera", OTHER_SCHOOL)
    assert register(client, key).status_code == 200
    refused = register(client, other, "other-camera")
    assert (refused.status_code, status_of(refused)["StatusCode"]) == (403, 4)
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        people.revoke_key(session, 1, clock.now)
    assert register(client, other, "other-camera").status_code == 200
    say(client, "Faces", FACE)
    assert logged(two_schools)[-1].topic == f"campus/v1/{OTHER_SCHOOL}/viid/{CAMERA}/Faces"


def test_a_key_of_two_schools_tells_nobody_where_a_device_is(
    client: TestClient, make_key: Callable[..., str]
) -> None:
    key = make_key("both", SCHOOL, OTHER_SCHOOL)
    assert register(client, key, "both").status_code == 403


def test_a_key_does_for_devices_that_never_register(
    client: TestClient, key: str, two_schools: Engine
) -> None:
    answer = client.post("/VIID/Faces", json=FACE, headers={"X-API-Key": key})
    assert answer.status_code == 200
    assert logged(two_schools)[0].topic == f"campus/v1/{SCHOOL}/viid/gate-camera/Faces"


@pytest.mark.parametrize("path", ["Cases", "System/Nonsense", "Subscribes"])
def test_what_is_not_taken_is_said_so(path: str, client: TestClient, key: str, two_schools: Engine) -> None:
    register(client, key)
    answer = say(client, path, {})
    assert (answer.status_code, status_of(answer)["StatusCode"]) == (404, 4)
    assert len(logged(two_schools)) == 1


def test_the_first_registration_leaves_a_trace_and_repeats_do_not(
    client: TestClient, key: str, two_schools: Engine
) -> None:
    for _ in range(3):
        register(client, key)
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.action == "viid.register")).all()
    assert [(entry.actor, entry.object_id, entry.school) for entry in entries] == [
        ("key:gate-camera", CAMERA, SCHOOL)
    ]


def test_an_id_that_no_topic_could_hold_is_refused(client: TestClient, key: str) -> None:
    answer = client.post("/VIID/Faces", json=FACE, headers={"X-API-Key": key, "User-Identify": "a/b+c"})
    assert answer.status_code == 422
