"""Photos over HTTP: kept when they are what they say, before or after the inspection that names them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.settings import Settings
from safety_service.store import attachments
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests.canteens import HERE, THERE, add_canteens, by_items, picture, sha256

AsRole = Callable[[str], TestClient]
ALL = "/api/v1/cafeterias"
PHOTO = picture(300, 200)
NAME = sha256(PHOTO)
FILE = {"sha256": NAME, "media_type": "image/jpeg", "size": len(PHOTO), "role": "photo", "item": "2.1"}


@pytest.fixture(autouse=True)
def canteens(app: FastAPI) -> Engine:
    engine: Engine = app.state.engine
    add_canteens(engine)
    return engine


def put(
    client: TestClient,
    content: bytes = PHOTO,
    name: str | None = None,
    media_type: str = "image/jpeg",
    cafeteria: str = HERE,
    key: str | None = None,
) -> Any:
    path = f"{ALL}/{cafeteria}/attachments/{name or sha256(content)}"
    headers = {"Content-Type": media_type, **({"Idempotency-Key": key} if key else {})}
    return client.put(path, content=content, headers=headers)


def known(engine: Engine) -> list[tuple[str, int]]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return list(attachments.files(session))


def kept(settings: Settings) -> list[str]:
    return [path.name for path in settings.files_dir.rglob("*") if path.is_file()]


def test_a_photo_is_kept_once_and_read_back(client_as: AsRole, canteens: Engine, settings: Settings) -> None:
    inspector = client_as("inspector")
    first = put(inspector)
    assert first.status_code == 201, first.text
    assert first.json() == {
        "sha256": NAME,
        "size": len(PHOTO),
        "media_type": "image/jpeg",
        "width": 300,
        "height": 200,
        "stored_at": "2026-09-01T00:00:00Z",
    }
    again = put(inspector, key="k1")
    assert (again.status_code, again.json()) == (200, first.json())
    assert known(canteens) == [(NAME, len(PHOTO))]
    assert kept(settings) == [NAME]
    read = client_as("viewer").get(f"{ALL}/{HERE}/attachments/{NAME}")
    assert (read.status_code, read.content) == (200, PHOTO)
    assert read.headers["content-type"] == "image/jpeg"
    assert read.headers["x-content-type-options"] == "nosniff"
    entries = client_as("admin").get("/api/v1/audit", params={"action": "attachment.store"}).json()["items"]
    assert [(entry["object_id"], entry["actor"]) for entry in entries] == [(NAME, "inspector")]


def test_an_inspection_and_its_files_come_in_either_order(client_as: AsRole) -> None:
    inspector = client_as("inspector")
    early = picture(40, 30, "PNG")
    put(inspector, early, media_type="image/png")
    signature = {
        "sha256": sha256(early),
        "media_type": "image/png",
        "size": len(early),
        "role": "signature",
        "item": None,
    }
    given = inspector.post(f"{ALL}/{HERE}/inspections", json=by_items("2.1", attachments=[FILE, signature]))
    assert given.status_code == 201, given.text
    assert given.json()["attachments"] == [
        {**FILE, "stored_at": None},
        {**signature, "stored_at": "2026-09-01T00:00:00Z"},
    ]
    put(inspector)
    now = inspector.get(f"{ALL}/{HERE}/inspections/{given.json()['id']}").json()
    assert [file["stored_at"] for file in now["attachments"]] == ["2026-09-01T00:00:00Z"] * 2
    credit = inspector.get(f"{ALL}/{HERE}/credit").json()
    assert credit["dynamic"]["attachments"] == now["attachments"]


@pytest.mark.parametrize(
    ("content", "name", "media_type", "place", "reason"),
    [
        (PHOTO, "0" * 64, "image/jpeg", "path.sha256", f"the content has the SHA-256 {NAME}"),
        (PHOTO, NAME.upper(), "image/jpeg", "path.sha256", "String should match"),
        (PHOTO, None, "image/png", "header.content-type", "the content is image/jpeg, not image/png"),
        (PHOTO, None, "text/plain", "header.content-type", "the content is image/jpeg, not text/plain"),
        (b"%PDF-1.7", None, "image/jpeg", "body", "is not a JPEG, PNG or WebP image"),
        (PHOTO[:-500], None, "image/jpeg", "body", "is not a JPEG, PNG or WebP image"),
        (b"", None, "image/jpeg", "body", "is empty"),
    ],
)
def test_what_is_not_what_it_says_is_refused_and_leaves_nothing(
    client_as: AsRole,
    canteens: Engine,
    settings: Settings,
    content: bytes,
    name: str | None,
    media_type: str,
    place: str,
    reason: str,
) -> None:
    answer = put(client_as("inspector"), content, name, media_type)
    assert answer.status_code == 422, answer.text
    (problem,) = answer.json()["problems"]
    assert problem["place"] == place
    assert problem["reason"].startswith(reason)
    assert (known(canteens), kept(settings)) == ([], [])


def test_fifty_megabytes_are_refused_before_they_are_sent(client_as: AsRole, settings: Settings) -> None:
    answer = put(client_as("inspector"), b"x" * (50 << 20), "0" * 64)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
    assert answer.json()["problems"] == [
        {"place": "body", "reason": f"The body is larger than {settings.max_attachment_bytes} bytes"}
    ]
    assert kept(settings) == []


def test_a_body_that_does_not_announce_its_length_is_cut_off_at_the_limit(
    app: FastAPI, client_as: AsRole, settings: Settings
) -> None:
    piece, taken, sent = b"x" * (1 << 20), 0, []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": taken < 50 << 20}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    token = client_as("inspector").headers["Authorization"]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "PUT",
        "scheme": "http",
        "path": f"{ALL}/{HERE}/attachments/{NAME}",
        "raw_path": b"",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"authorization", token.encode()), (b"content-type", b"image/jpeg")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
    }
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 413
    assert taken == settings.max_attachment_bytes + len(piece)
    assert kept(settings) == []


def test_a_photo_larger_than_other_requests_may_be(client_as: AsRole, settings: Settings) -> None:
    content = picture() + b"\x00" * settings.max_request_bytes
    assert put(client_as("inspector"), content).status_code == 201


def test_who_may_send_and_who_may_read(client_as: AsRole, client: TestClient, settings: Settings) -> None:
    assert put(client).status_code == 401
    assert put(client_as("viewer")).status_code == 403
    assert put(client_as("inspector"), cafeteria=THERE).status_code == 404
    assert kept(settings) == []
    assert put(client_as("admin"), cafeteria=THERE).status_code == 201
    for cafeteria in (HERE, THERE):
        # The bytes are here; the row that says so belongs to the other school.
        assert client_as("inspector").get(f"{ALL}/{cafeteria}/attachments/{NAME}").status_code == 404
    assert put(client_as("inspector")).status_code == 201
    assert client_as("inspector").get(f"{ALL}/{HERE}/attachments/{NAME}").content == PHOTO
    assert kept(settings) == [NAME]


def test_a_file_that_was_lost_is_said_and_can_be_sent_again(
    client_as: AsRole, settings: Settings, tmp_path: Path
) -> None:
    put(client_as("inspector"))
    (settings.files_dir / NAME[:2] / NAME[2:4] / NAME).unlink()
    path = f"{ALL}/{HERE}/attachments/{NAME}"
    assert client_as("viewer").get(path).status_code == 404
    assert put(client_as("inspector")).status_code == 200
    assert client_as("viewer").get(path).content == PHOTO
