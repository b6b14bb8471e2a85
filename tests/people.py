"""Accounts for tests: one user of every role, with tokens that a real login would give."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.domain.rights import ROLES, sees_every_school
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_people import User, UserSchool

PASSWORD = "correct horse 42"


@cache
def password_hash() -> str:
    """As light as Argon2 allows: the parameters stand in the hash, so a login with it is quick too."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def add_user(
    engine: Engine, name: str, role: str, now: datetime, *, schools: Iterable[str] = (), every: bool = False
) -> None:
    """Adds a user with the password PASSWORD; county roles see every school unless schools are listed."""
    listed = frozenset(schools)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        session.add(
            User(
                name=name,
                display_name=name.title(),
                password_hash=password_hash(),
                role=role,
                every_school=sees_every_school(role, listed, every),
                created_at=now,
                updated_at=now,
            )
        )
        session.flush()
        session.add_all(UserSchool(user=name, school=school) for school in sorted(listed))


def add_one_of_each_role(engine: Engine, now: datetime, schools: Iterable[str] = ()) -> None:
    """Users named like their roles; those without county rights are limited to `schools`."""
    for role in ROLES:
        add_user(
            engine, role, role, now, schools=() if sees_every_school(role, frozenset(), False) else schools
        )


def log_in(app: FastAPI, name: str, password: str = PASSWORD) -> TestClient:
    """A client that sends this user's access token with every request."""
    client = TestClient(app)
    answer = client.post("/api/v1/auth/token", data={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    client.cookies.clear()
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return client
