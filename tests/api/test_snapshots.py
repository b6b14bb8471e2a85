"""Images of events over HTTP: for those who may see the school, and for those who hold a link."""

import io
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.blobs import FolderBlobs
from safety_service.domain.snapshots import path_of
from safety_service.services.snapshot_links import linker_of
from safety_service.settings import Settings
from safety_service.store import snapshots
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_people import AuditEntry
from tests.canteens import sha256
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL, Clock

AsRole = Callable[[str], TestClient]
JPEG = b"\xff\xd8\xff\xe0" + b"here" * 50
PNG = b"\x89PNG\r\n\x1a\n" + b"there" * 50
HERE, THERE = sha256(JPEG), sha256(PNG)


def add(engine: Engine, settings: Settings, content: bytes, media_type: str, *schools: str) -> None:
    FolderBlobs(settings.snapshots_dir).put(sha256(content), io.BytesIO(content))
    rows = {(sha256(content), school): (media_type, len(content)) for school in schools}
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        snapshots.add(session, rows, NOW)


@pytest.fixture(autouse=True)
def images(app: FastAPI, settings: Settings) -> Engine:
    engine: Engine = app.state.engine
    add(engine, settings, JPEG, "image/jpeg", SCHOOL)
    add(engine, settings, PNG, "image/png", OTHER_SCHOOL)
    return engine


def looks(engine: Engine) -> list[tuple[str, str, str | None]]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.action == "snapshot.read")).all()
        return [(entry.actor, entry.object_id, entry.school) for entry in entries]


def link(settings: Settings, sha256: str = HERE, now: datetime = NOW) -> str:
    found = linker_of(settings).link(path_of(sha256), now)
    assert found is not None
    return found


def test_who_may_see_the_school_sees_the_image(client_as: AsRole, images: Engine) -> None:
    seen = client_as("security").get(path_of(HERE))
    assert (seen.status_code, seen.content, seen.headers["content-type"]) == (200, JPEG, "image/jpeg")
    assert seen.headers["cache-control"] == "private, no-store"
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in seen.headers["content-security-policy"]
    assert client_as("duty_officer").get(path_of(THERE)).content == PNG
    assert looks(images) == [("security", HERE, SCHOOL), ("duty_officer", THERE, OTHER_SCHOOL)]


def test_of_another_school_there_is_no_image(client_as: AsRole, images: Engine) -> None:
    refused, nothing = (client_as("security").get(path_of(name)) for name in (THERE, "0" * 64))
    assert (refused.status_code, nothing.status_code) == (404, 404)
    assert refused.json()["detail"].replace(THERE, "") == nothing.json()["detail"].replace("0" * 64, "")
    assert looks(images) == []


def test_an_image_of_both_schools_is_seen_as_that_of_ones_own(
    client_as: AsRole, images: Engine, settings: Settings
) -> None:
    add(images, settings, PNG, "image/png", SCHOOL)
    assert client_as("security").get(path_of(THERE)).status_code == 200
    assert looks(images) == [("security", THERE, SCHOOL)]


def test_nobody_else_sees_it(client: TestClient, images: Engine) -> None:
    assert client.get(path_of(HERE)).status_code == 401
    assert client.get(path_of(HERE), params={"expires": "1"}).status_code == 401
    assert client.get(path_of(HERE), headers={"X-API-Key": "wrong"}).status_code == 401
    assert client.get(path_of("A" * 64)).status_code == 422
    assert looks(images) == []


def test_a_link_opens_its_image_until_it_expires(
    client: TestClient, client_as: AsRole, clock: Clock, settings: Settings, images: Engine
) -> None:
    address = link(settings, THERE)
    assert client.get(address).content == PNG
    stale = client.get(address, headers={"Authorization": "Bearer of an old session"})
    assert stale.content == PNG, "a credential that no longer works takes nothing away"
    assert client_as("security").get(address).content == PNG
    assert set(looks(images)) == {("signed link", THERE, OTHER_SCHOOL)}
    clock.forward(hours=23, minutes=59, seconds=59)
    assert client.get(address).status_code == 200
    clock.forward(seconds=1)
    refused = client.get(address)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "link-expired")


@pytest.mark.parametrize("change", ["sha256", "expires", "signature", "empty", "not ascii", "another key"])
def test_nothing_of_a_link_can_be_changed(
    change: str, client: TestClient, settings: Settings, images: Engine
) -> None:
    parts = urlsplit(link(settings))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    path = parts.path
    if change == "sha256":
        path = path_of(THERE)
    elif change == "expires":
        query["expires"] = str(int(query["expires"]) + 1)
    elif change == "another key":
        other = settings.model_copy(update={"secret_key": settings.secret_key.__class__("another")})
        query["signature"] = linker_of(other).signature(HERE, int(query["expires"]))
    else:
        query["signature"] = {"signature": "A" * 43, "empty": "", "not ascii": "签名"}[change]
    refused = client.get(f"{path}?{urlencode(query)}")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "bad-link")
    assert looks(images) == []


def test_what_is_not_ours_gets_no_link(settings: Settings) -> None:
    linker = linker_of(settings.model_copy(update={"public_url": "https://campus.example.org/"}))
    assert linker.link("http://10.1.7.20/1.jpg", NOW) == "http://10.1.7.20/1.jpg"
    assert linker.link(None, NOW) is None
    whole = linker.link(path_of(HERE), NOW)
    assert whole is not None
    assert whole.startswith(f"https://campus.example.org{path_of(HERE)}?expires=")
    never = linker_of(settings.model_copy(update={"snapshot_link_hours": 0}))
    assert never.link(path_of(HERE), NOW) == path_of(HERE)


def test_an_image_that_is_gone_is_not_found(
    client_as: AsRole, settings: Settings, images: Engine, app: FastAPI
) -> None:
    FolderBlobs(settings.snapshots_dir).delete(HERE)
    assert client_as("security").get(path_of(HERE)).status_code == 404


def test_looks_are_counted(client_as: AsRole, client: TestClient) -> None:
    client_as("security").get(path_of(HERE))
    assert "campus_snapshots_shown_total 1.0" in client.get("/metrics").text
