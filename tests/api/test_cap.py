"""`GET /alerts/{id}/cap`: the present state of one alert of the caller's schools, as CAP."""

from collections.abc import Callable
from xml.etree import ElementTree

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.domain.cap import NAMESPACE
from safety_service.store import alerts
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests.conftest import OTHER_SCHOOL, SCHOOL
from tests.firing import raised

AsRole = Callable[[str], TestClient]


def add(engine: Engine, school: str) -> int:
    change = raised(school)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        alerts.hold_history(session)
        alerts.apply(session, [change])
    return change.alert.id


def said(document: bytes, name: str) -> str:
    found = ElementTree.fromstring(document).find(f".//{{{NAMESPACE}}}{name}")
    assert found is not None
    return found.text or ""


def test_an_alert_from_raise_to_close(client_as: AsRole, app: FastAPI, two_schools: Engine) -> None:
    app.state.settings = app.state.settings.model_copy(update={"public_url": "https://campus.example.org"})
    admin = client_as("admin")
    path = f"/api/v1/alerts/{add(two_schools, SCHOOL)}"
    answer = admin.get(f"{path}/cap")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/cap+xml")
    assert said(answer.content, "msgType") == "Alert"
    assert said(answer.content, "sender") == "campus-safety-370828"
    assert said(answer.content, "event") == "一键报警"
    assert said(answer.content, "areaDesc") == "第一小学"
    assert said(answer.content, "sent") == "2026-09-01T08:00:00+08:00"
    assert said(answer.content, "web") == "https://campus.example.org/desk?school=370828-001&alert=1"

    assert admin.post(f"{path}/close", json={"disposition": "drill"}).status_code == 200
    closed = admin.get(f"{path}/cap").content
    assert (said(closed, "msgType"), said(closed, "status")) == ("Cancel", "Exercise")
    first = said(answer.content, "identifier")
    assert said(closed, "references") == f"campus-safety-370828,{first},2026-09-01T08:00:00+08:00"


def test_an_alert_of_another_school_does_not_exist(client_as: AsRole, two_schools: Engine) -> None:
    own, other = add(two_schools, SCHOOL), add(two_schools, OTHER_SCHOOL)
    viewer = client_as("viewer")
    assert viewer.get(f"/api/v1/alerts/{own}/cap").status_code == 200
    assert viewer.get(f"/api/v1/alerts/{other}/cap").status_code == 404
    assert client_as("admin").get(f"/api/v1/alerts/{other}/cap").status_code == 200


def test_nobody_reads_it_without_a_credential(client: TestClient, two_schools: Engine) -> None:
    assert client.get(f"/api/v1/alerts/{add(two_schools, SCHOOL)}/cap").status_code == 401
