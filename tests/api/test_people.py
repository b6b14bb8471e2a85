"""Users and API keys: made, changed, ended; what is refused; nobody gives away more than they have."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from safety_service.domain.rights import RIGHTS, ROLES
from tests import people
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.people import PASSWORD

AsRole = Callable[[str], TestClient]
USERS, KEYS = "/api/v1/users", "/api/v1/api-keys"


def new_user(**fields: Any) -> dict[str, Any]:
    return {"name": "li.min", "password": PASSWORD, "role": "inspector", "schools": [SCHOOL], **fields}


def test_a_user_is_made_and_can_log_in(client_as: AsRole, app: FastAPI) -> None:
    made = client_as("admin").post(USERS, json=new_user(display_name=" 李\u200b敏 "))
    assert made.status_code == 201, made.text
    assert made.json()["display_name"] == "李敏"
    assert "password" not in made.text
    me = people.log_in(app, "li.min").get("/api/v1/auth/me").json()
    assert (me["role"], me["schools"], me["every_school"]) == ("inspector", [SCHOOL], False)


@pytest.mark.parametrize(
    ("role", "schools", "all_schools", "sees_all"),
    [
        ("admin", [], False, True),
        ("duty_officer", [], False, True),
        ("duty_officer", [SCHOOL], False, False),
        ("viewer", [], False, False),
        ("viewer", [], True, True),
        ("security", [SCHOOL], False, False),
    ],
)
def test_county_roles_see_every_school_unless_limited(
    client_as: AsRole, role: str, schools: list[str], all_schools: bool, sees_all: bool
) -> None:
    body = new_user(role=role, schools=schools, all_schools=all_schools)
    made = client_as("admin").post(USERS, json=body).json()
    assert (made["every_school"], made["schools"]) == (sees_all, [] if sees_all else schools)


@pytest.mark.parametrize(
    ("fields", "status", "place"),
    [
        ({"password": "short"}, 422, "body.password"),
        ({"role": "king"}, 422, "body.role"),
        ({"name": "a b"}, 422, "body.name"),
        ({"schools": ["370828-999"]}, 422, "body.schools"),
        ({"extra": 1}, 422, "body.extra"),
        ({"name": "viewer"}, 409, None),
    ],
)
def test_what_is_refused_says_where(
    client_as: AsRole, fields: dict[str, Any], status: int, place: str | None
) -> None:
    answer = client_as("admin").post(USERS, json=new_user(**fields))
    assert answer.status_code == status
    assert place is None or [problem["place"] for problem in answer.json()["problems"]] == [place]
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("role", ["duty_officer", "security", "inspector", "viewer"])
def test_only_administrators_manage_people(client_as: AsRole, role: str) -> None:
    assert client_as(role).post(USERS, json=new_user()).status_code == 403
    assert client_as(role).get(USERS).status_code == 403
    assert client_as(role).get(KEYS).status_code == 403


def test_a_change_takes_effect_at_once(client_as: AsRole) -> None:
    viewer = client_as("viewer")
    assert viewer.get("/api/v1/auth/me").status_code == 200
    changed = client_as("admin").put(f"{USERS}/viewer", json={"role": "security", "schools": [OTHER_SCHOOL]})
    assert changed.json()["schools"] == [OTHER_SCHOOL]
    assert viewer.get("/api/v1/auth/me").status_code == 401


def test_a_deactivated_user_is_out_but_not_forgotten(client_as: AsRole, client: TestClient) -> None:
    viewer = client_as("viewer")
    assert client_as("admin").delete(f"{USERS}/viewer").status_code == 204
    assert viewer.get("/api/v1/auth/me").status_code == 401
    form = {"username": "viewer", "password": PASSWORD}
    assert client.post("/api/v1/auth/token", data=form).status_code == 401
    assert client_as("admin").get(f"{USERS}/viewer").json()["active"] is False


def test_the_last_administrator_stays(client_as: AsRole) -> None:
    admin = client_as("admin")
    assert admin.delete(f"{USERS}/admin").json()["type"] == "/problems/last-admin"
    assert admin.put(f"{USERS}/admin", json={"role": "viewer"}).status_code == 409
    assert admin.post(USERS, json=new_user(role="admin", schools=[])).status_code == 201
    assert admin.delete(f"{USERS}/admin").status_code == 204


def test_a_limited_administrator_gives_away_no_more_than_it_has(app: FastAPI, two_schools: Engine) -> None:
    people.add_user(two_schools, "small", "admin", NOW, schools=[SCHOOL])
    small = people.log_in(app, "small")
    assert small.post(USERS, json=new_user(schools=[SCHOOL])).status_code == 201
    foreign = small.post(USERS, json=new_user(name="b", schools=[OTHER_SCHOOL]))
    unknown = small.post(USERS, json=new_user(name="b", schools=["370828-009"]))
    assert foreign.status_code == unknown.status_code == 422
    assert foreign.json()["detail"].replace(OTHER_SCHOOL, "370828-009") == unknown.json()["detail"]
    assert small.post(USERS, json=new_user(name="b", role="admin", schools=[])).status_code == 403
    assert [user["name"] for user in small.get(USERS).json()["items"]] == [
        "inspector",
        "li.min",
        "security",
        "small",
        "viewer",
    ]


def test_a_key_is_shown_once_and_kept_as_a_hash(client_as: AsRole, app: FastAPI, engine: Engine) -> None:
    admin = client_as("admin")
    made = admin.post(KEYS, json={"name": "gate", "role": "security", "schools": [SCHOOL]})
    key = made.json()["key"]
    assert made.headers["cache-control"] == "no-store"
    machine = TestClient(app, headers={"X-API-Key": key})
    assert machine.get("/api/v1/auth/me").json()["name"] == "key:gate"
    assert key not in admin.get(KEYS).text
    with engine.connect() as connection:
        for table in ("api_key", "audit_entry", "idempotency_record"):
            assert key not in str(connection.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608


def test_a_key_ends_by_time_or_by_hand(client_as: AsRole, app: FastAPI) -> None:
    admin = client_as("admin")
    body = {"name": "a", "role": "viewer", "expires_at": "2026-09-01T00:10:00Z"}
    first = admin.post(KEYS, json=body).json()
    second = admin.post(KEYS, json={"name": "b", "role": "viewer"}).json()
    clients = [TestClient(app, headers={"X-API-Key": made["key"]}) for made in (first, second)]
    assert [c.get("/api/v1/auth/me").status_code for c in clients] == [200, 200]
    assert admin.delete(f"{KEYS}/{second['id']}").status_code == 204
    app.state.clock.forward(minutes=10)
    assert [c.get("/api/v1/auth/me").status_code for c in clients] == [401, 401]


def test_a_key_cannot_be_made_twice_by_a_repeat(client_as: AsRole) -> None:
    admin = client_as("admin")
    send = {"json": {"name": "gate", "role": "viewer"}, "headers": {"Idempotency-Key": "one"}}
    assert admin.post(KEYS, **send).status_code == 201
    repeat = admin.post(KEYS, **send)
    assert (repeat.status_code, repeat.json()["type"]) == (409, "/problems/idempotency-answer-not-kept")
    assert len(admin.get(KEYS).json()["items"]) == 1


def test_every_role_reads_and_none_but_admin_has_all() -> None:
    assert all("registry:read" in RIGHTS[role] for role in ROLES)
    assert RIGHTS["device"] == {"messages:push"}
    assert all(rights < RIGHTS["admin"] for role, rights in RIGHTS.items() if role != "admin")
