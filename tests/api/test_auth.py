"""Logging in, renewing, logging out: what works, what is refused, what nobody can tell."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.people import PASSWORD

TOKEN = "/api/v1/auth/token"
ME = "/api/v1/auth/me"
AsRole = Callable[[str], TestClient]


def login(client: TestClient, name: str, password: str = PASSWORD) -> dict[str, str]:
    answer = client.post(TOKEN, data={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_token_names_its_user_and_rights(client_as: AsRole) -> None:
    me = client_as("security").get(ME).json()
    assert (me["name"], me["role"], me["schools"]) == ("security", "security", ["370828-001"])
    assert "alerts:handle" in me["rights"]
    assert "people:write" not in me["rights"]
    assert not me["every_school"]


def test_no_credential_is_a_problem_with_a_challenge(client: TestClient) -> None:
    answer = client.get(ME)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "/problems/not-authenticated"
    assert answer.json()["instance"] == answer.headers["x-request-id"]


def test_a_wrong_name_and_a_wrong_password_look_alike(client: TestClient) -> None:
    answers = [
        client.post(TOKEN, data={"username": name, "password": "wrong password"})
        for name in ("admin", "nobody")
    ]
    first, second = ({**answer.json(), "instance": None} for answer in answers)
    assert first == second
    assert {answer.status_code for answer in answers} == {401}


def test_the_sixth_attempt_waits_and_others_do_not(client: TestClient, clock: object, app: FastAPI) -> None:
    for _ in range(5):
        assert client.post(TOKEN, data={"username": "admin", "password": "wrong"}).status_code == 401
    assert client.post(TOKEN, data={"username": "admin", "password": PASSWORD}).status_code == 429
    login(client, "viewer")
    app.state.clock.forward(minutes=16)
    login(client, "admin")


def test_an_access_token_expires(client_as: AsRole, app: FastAPI) -> None:
    client = client_as("viewer")
    app.state.clock.forward(minutes=14)
    assert client.get(ME).status_code == 200
    app.state.clock.forward(minutes=2)
    assert client.get(ME).status_code == 401


def test_the_refresh_cookie_renews(app: FastAPI) -> None:
    client = TestClient(app, base_url="https://testserver")
    answer = client.post(TOKEN, data={"username": "viewer", "password": PASSWORD})
    cookies = answer.headers.get_list("set-cookie")
    assert all("HttpOnly" in c and "SameSite=strict" in c and "Secure" in c for c in cookies)
    assert [c for c in cookies if c.startswith("campus_refresh=") and "Path=/api/v1/auth" in c]
    app.state.clock.forward(hours=10)
    renewed = client.post("/api/v1/auth/refresh")
    assert renewed.status_code == 200
    token = renewed.json()["access_token"]
    assert client.get(ME, headers={"Authorization": f"Bearer {token}"}).json()["name"] == "viewer"


def test_a_refresh_token_is_no_access_token(app: FastAPI, client: TestClient) -> None:
    login(client, "viewer")
    refresh = next(c.value for c in client.cookies.jar if c.name == "campus_refresh")
    bare = TestClient(app)
    assert bare.get(ME, headers={"Authorization": f"Bearer {refresh}"}).status_code == 401


def test_cookies_read_but_never_write(client: TestClient) -> None:
    login(client, "viewer")
    assert client.get(ME).status_code == 200
    assert client.post("/api/v1/auth/logout").status_code == 401


def test_logout_ends_every_session(client: TestClient) -> None:
    token = login(client, "viewer")["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    assert client.post("/api/v1/auth/logout", headers=header).status_code == 204
    assert client.get(ME, headers=header).status_code == 401
    assert client.post("/api/v1/auth/refresh").status_code == 401


@pytest.mark.parametrize("new", ["short", "         x", ""])
def test_a_weak_password_is_refused(client_as: AsRole, new: str) -> None:
    answer = client_as("viewer").post("/api/v1/auth/password", json={"current": PASSWORD, "new": new})
    assert (answer.status_code == 422) is (len(new) < 10)


def test_a_changed_password_replaces_the_old_one(client_as: AsRole, client: TestClient) -> None:
    body = {"current": PASSWORD, "new": "another good one"}
    assert client_as("viewer").post("/api/v1/auth/password", json=body).status_code == 204
    assert client_as("viewer").get(ME).status_code == 401
    assert client.post(TOKEN, data={"username": "viewer", "password": PASSWORD}).status_code == 401
    login(client, "viewer", "another good one")
