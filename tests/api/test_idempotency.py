"""A write with an Idempotency-Key happens once, whatever is repeated, reused or sent at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from tests import people
from tests.conftest import SCHOOL

AsRole = Callable[[str], TestClient]
USERS = "/api/v1/users"


def user(name: str) -> dict[str, Any]:
    return {"name": name, "password": people.PASSWORD, "role": "viewer", "schools": [SCHOOL]}


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def test_a_repeat_gets_the_first_answer(client_as: AsRole, engine: Engine) -> None:
    admin, key = client_as("admin"), {"Idempotency-Key": "one"}
    first = admin.post(USERS, json=user("a"), headers=key)
    entries = count(engine, "audit_entry")
    again = admin.post(USERS, json=user("a"), headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert count(engine, "audit_entry") == entries
    assert admin.post(USERS, json=user("a")).status_code == 409


def test_an_empty_answer_is_repeated_too(client_as: AsRole) -> None:
    admin, key = client_as("admin"), {"Idempotency-Key": "end"}
    answers = [admin.delete(f"{USERS}/viewer", headers=key) for _ in range(2)]
    assert [(a.status_code, a.content) for a in answers] == [(204, b""), (204, b"")]


def test_a_key_is_good_for_one_request(client_as: AsRole) -> None:
    admin, key = client_as("admin"), {"Idempotency-Key": "one"}
    admin.post(USERS, json=user("a"), headers=key)
    other = admin.post(USERS, json=user("b"), headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert admin.get(f"{USERS}/b").status_code == 404


def test_a_key_belongs_to_its_caller(client_as: AsRole) -> None:
    key = {"Idempotency-Key": "one"}
    assert client_as("admin").post(USERS, json=user("a"), headers=key).status_code == 201
    assert client_as("viewer").post(USERS, json=user("a"), headers=key).status_code == 403


def test_a_refused_request_does_not_use_up_its_key(client_as: AsRole, engine: Engine) -> None:
    admin, key = client_as("admin"), {"Idempotency-Key": "one"}
    assert admin.post(USERS, json={**user("a"), "password": "short"}, headers=key).status_code == 422
    assert count(engine, "idempotency_record") == 0
    assert admin.post(USERS, json=user("a"), headers=key).status_code == 201


@pytest.mark.parametrize("key", ["", "  ", "x" * 201])
def test_a_key_has_a_size(client_as: AsRole, key: str) -> None:
    answer = client_as("admin").post(USERS, json=user("a"), headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["place"] == "header.idempotency-key"


def test_twenty_at_once_are_one(client_as: AsRole, app: FastAPI, engine: Engine) -> None:
    token = client_as("admin").headers["authorization"]
    headers = {"Authorization": token, "Idempotency-Key": "storm"}

    def send(_number: int) -> tuple[int, Any]:
        answer = TestClient(app).post(USERS, json=user("storm"), headers=headers)
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(20)))
    assert {status for status, _ in answers} == {201}
    assert all(body == answers[0][1] for _, body in answers)
    assert count(engine, "idempotency_record") == 1
