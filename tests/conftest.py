"""Fixtures for every test: both databases with the real schema, a real broker, an app and its users."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine

from safety_service import logs
from safety_service.main import create_app
from safety_service.services import growth, vendors
from safety_service.settings import Settings
from safety_service.store import migrations, tables
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests import broker, people, postgres

NOW = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)
SCHOOL = "370828-001"
OTHER_SCHOOL = "370828-002"

_numbers = count(1)
LONGEST = ("tests/faults/", "tests/benchmarks/", "tests/e2e/", "tests/services/", "tests/store/")
"""Where the longest tests are: of several processes none should be left alone with them at the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


logs.configure("WARNING")
vendors.ensure_installed()


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


def create_schema(url: str) -> None:
    """The whole schema in an empty database, made as an operator's is: by the migrations."""
    engine = open_engine(url)
    migrations.upgrade(engine)
    growth.create_ahead(engine, NOW)
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "campus.db"
    create_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """`postgresql://…` of a running cluster with a database `template_campus` that holds the schema."""
    with postgres.cluster() as cluster:
        postgres.execute(cluster.server, "CREATE DATABASE template_campus")
        create_schema(f"{cluster.server}/template_campus")
        yield cluster.server


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    path = tmp_path / "campus.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres_server: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    name = f"campus_{os.getpid()}_{next(_numbers)}"
    postgres.execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE template_campus")
    yield f"{postgres_server}/{name}"
    postgres.execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Runs the test once on each database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on each of the two databases in turn."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    """For tests to which the database makes no difference."""
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def mosquitto() -> Iterator[str]:
    """`mqtt://127.0.0.1:PORT` of a real broker; sessions and retained messages last for the whole run."""
    with broker.mosquitto_broker() as url:
        yield url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    # Tests write past the API, and see it at once.
    return Settings(
        _env_file=None,
        secret_key=SecretStr("a secret of the tests"),
        data_dir=tmp_path,
        shared_answer_seconds=0,
    )


@pytest.fixture
def two_schools(engine: Engine) -> Engine:
    """The engine with one county, two townships, and SCHOOL and OTHER_SCHOOL."""
    add_two_schools(engine)
    return engine


def add_two_schools(engine: Engine) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        session.add(tables.County(code="370828", name_zh="金乡县", name_en="Jinxiang County"))
        session.flush()
        for number, name in ((1, "一"), (2, "二")):
            township = f"37082810{number}"
            session.add(
                tables.Township(
                    code=township, county="370828", name_zh=f"第{name}镇", name_en=f"Town {number}"
                )
            )
            session.flush()
            session.add(
                tables.School(
                    code=f"370828-00{number}",
                    name_zh=f"第{name}小学",
                    name_en=f"Primary School {number}",
                    township=township,
                    kind="primary",
                )
            )


@pytest.fixture
def app(two_schools: Engine, settings: Settings, clock: Clock) -> FastAPI:
    """The HTTP side on each database, with two schools and one user of every role (see tests/people.py)."""
    people.add_one_of_each_role(two_schools, clock.now, [SCHOOL])
    return create_app(settings, two_schools, clock=clock)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """Without a credential."""
    return TestClient(app)


@pytest.fixture
def client_as(app: FastAPI) -> Callable[[str], TestClient]:
    """`client_as("security")`: a client with that role's token; all but the county roles see SCHOOL only."""
    clients: dict[str, TestClient] = {}

    def get(role: str) -> TestClient:
        if role not in clients:
            clients[role] = people.log_in(app, role)
        return clients[role]

    return get
