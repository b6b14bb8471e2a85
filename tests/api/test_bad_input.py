"""Whatever comes in, the answer is a problem with a sentence, and costs nothing else."""

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.api.deps import SessionDep
from safety_service.api.routing import new_router
from safety_service.domain.types import Message
from safety_service.settings import Settings
from safety_service.store import messages
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import RejectedMessage, Zone
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL

AsRole = Callable[[str], TestClient]
USERS, REJECTED = "/api/v1/users", "/api/v1/messages/rejected"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'"' + b"x" * 5000 + b'"',
        b'{"name": "a\\u0000b"}',
        b"[" * 100_000,
    ],
    ids=["empty", "cut", "list", "not utf-8", "long", "nul", "deep"],
)
def test_a_body_that_cannot_be_read(client_as: AsRole, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client_as("admin").post(USERS, content=body, headers=headers)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 3000
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v1/alerts/0", "/api/v1/alerts/9999999999999999999"]
)
def test_an_address_that_leads_nowhere(client_as: AsRole, path: str) -> None:
    answer = client_as("admin").get(path)
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_method_that_is_not_offered(client_as: AsRole) -> None:
    assert client_as("admin").delete("/api/v1/events").json()["type"] == "/problems/method-not-allowed"


@pytest.mark.parametrize("part", ["a\x00b", "\ud7ff", "'; DROP TABLE school; --", "%", "_", "😀"])
def test_strange_words_find_nothing_and_break_nothing(client_as: AsRole, part: str) -> None:
    answer = client_as("admin").get("/api/v1/schools", params={"q": part})
    assert answer.status_code in {200, 422}
    assert client_as("admin").get("/api/v1/schools").status_code == 200


def test_a_body_beyond_the_limit(client_as: AsRole, settings: Settings) -> None:
    admin, size = client_as("admin"), settings.max_request_bytes + 1
    announced = admin.post(USERS, content=b"x" * size, headers={"Content-Type": "application/json"})

    def pieces() -> Iterator[bytes]:
        for _ in range(size // 65536 + 1):
            yield b"x" * 65536

    streamed = admin.post(USERS, content=pieces(), headers={"Content-Type": "application/json"})
    for answer in (announced, streamed):
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"]


def test_a_defect_shows_an_id_and_no_traceback(app: FastAPI) -> None:
    def broken() -> None:
        raise RuntimeError("secret inside")

    app.add_api_route("/broken", broken)
    answer = TestClient(app).get("/broken")
    assert answer.status_code == 500
    assert "secret inside" not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["detail"]


def test_a_commit_that_fails_is_not_answered_with_success(client_as: AsRole, app: FastAPI) -> None:
    router = new_router("test")

    @router.post("/late")
    def late(session: SessionDep) -> str:
        session.add(Zone(school="370828-999", code="z", name="z", type="gate"))
        return "done"

    app.include_router(router)
    answer = client_as("admin").post("/late")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


@pytest.mark.parametrize(("given", "kept"), [("abcd-1234", True), ("bad id\t", False), ("x" * 65, False)])
def test_a_request_id_is_taken_over_when_it_is_harmless(client: TestClient, given: str, kept: bool) -> None:
    answer = client.get("/api/v1/auth/me", headers={"X-Request-ID": given})
    assert (answer.headers["x-request-id"] == given) is kept


def reject(engine: Engine, number: int, school: str | None, *, stored: bool = True) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        position = messages.append(session, 1, [Message(topic="t", payload=b"{", received_at=NOW)])
        session.add(
            RejectedMessage(
                id=number,
                partition=1,
                position=position,
                school=school,
                topic="campus/v1/x",
                reason="not_json" if school else "unknown_school",
                place="payload",
                detail="expected a value",
                received_at=NOW,
                payload=b"{" if stored else None,
            )
        )


def test_rejected_messages_are_shown_counted_and_replayed_once(
    client_as: AsRole, two_schools: Engine, app: FastAPI
) -> None:
    woken: list[int] = []
    app.state.wake = lambda: woken.append(1)
    for number, school in enumerate((SCHOOL, SCHOOL, OTHER_SCHOOL, None), 1):
        reject(two_schools, number, school)
    duty, security = client_as("duty_officer"), client_as("security")
    assert [row["id"] for row in duty.get(REJECTED).json()["items"]] == [4, 3, 2, 1]
    assert [row["id"] for row in security.get(REJECTED).json()["items"]] == [2, 1]
    assert duty.get(f"{REJECTED}/reasons").json()["items"] == [
        {"reason": "not_json", "count": 3},
        {"reason": "unknown_school", "count": 1},
    ]
    assert security.get(f"{REJECTED}/reasons").json()["items"] == [{"reason": "not_json", "count": 2}]

    assert security.post(f"{REJECTED}/1/replay").status_code == 403
    replayed = duty.post(f"{REJECTED}/1/replay")
    assert (replayed.status_code, woken) == (202, [1])
    assert replayed.json()["replayed_at"] is not None
    with session_scope(two_schools, EVERY_SCHOOL) as session:
        [copy] = messages.read_after(session, 1, 4, 10)
        assert (copy.payload, copy.received_at) == (b"{", NOW)
    assert duty.post(f"{REJECTED}/1/replay").json()["type"] == "/problems/already-replayed"
    assert [row["id"] for row in duty.get(REJECTED, params={"replayed": False}).json()["items"]] == [4, 3, 2]


def test_a_replay_of_bytes_that_are_gone_is_refused(client_as: AsRole, two_schools: Engine) -> None:
    reject(two_schools, 1, SCHOOL, stored=False)
    duty = client_as("duty_officer")
    assert duty.post(f"{REJECTED}/1/replay").json()["type"] == "/problems/message-gone"
    assert duty.get(REJECTED).json()["items"][0]["replayed_at"] is None
