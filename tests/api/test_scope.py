"""Over all routes: a caller limited to school 1 neither sees nor changes anything of school 2.

Reading is tested as non-interference: the answer to a limited caller is the same, byte for byte, whether or
not school 2 has any rows. Every route is walked, also those added later; one that this test cannot build a
request for fails until `scope_requests.py` says how.
"""

import asyncio
import hashlib
import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from httpx import Response
from pydantic import SecretStr
from sqlalchemy import Engine, func, select
from sqlmodel import SQLModel

from safety_service.api.routing import OnceRoute
from safety_service.api.stream import Feed
from safety_service.blobs import FolderBlobs
from safety_service.domain.rights import Caller
from safety_service.main import API_PREFIX, create_app
from safety_service.settings import Settings
from safety_service.store.dialect import table_of
from safety_service.store.scope import SchoolItself, SchoolOwned
from safety_service.store.session import open_engine
from safety_service.store.tables_people import AuditEntry
from tests import people
from tests.api.scope_requests import (
    BODIES,
    COUNTY_ONLY,
    NOT_OF_A_SCHOOL,
    OTHER_CODE,
    OTHER_MARK,
    PATH_VALUES,
    SPECIAL_PATHS,
)
from tests.api.scope_rows import add_county, add_everything, marker, picture, school_code
from tests.conftest import NOW, Clock

LIMITED = f"admin-{marker(1)}"
_SETTINGS = Settings(_env_file=None, secret_key=SecretStr("a secret of the tests"))
_NOWHERE = create_app(_SETTINGS, open_engine("sqlite:////nonexistent/never-opened.db"))


def _routes() -> list[tuple[str, str]]:
    """(method, path below the prefix) of every API route, whether or not it is in the OpenAPI document."""
    found = []
    for route in iter_route_contexts(_NOWHERE.routes):
        path = route.path or ""
        if path.startswith(API_PREFIX):
            short = re.sub(r":\w+}", "}", path.removeprefix(API_PREFIX))
            found += [(method, short) for method in sorted(route.methods or ()) if method != "HEAD"]
    return found


ROUTES = _routes()
READS = [(m, p) for m, p in ROUTES if m == "GET" and p not in NOT_OF_A_SCHOOL]
LISTS = [p for _, p in READS if "{" not in p]
DETAILS = [p for _, p in READS if "{" in p]
WRITES = [(m, p) for m, p in ROUTES if m != "GET" and p not in NOT_OF_A_SCHOOL] + [
    (m, p) for m, p in sorted(COUNTY_ONLY) if (m, p) in ROUTES and p in NOT_OF_A_SCHOOL and (m, p) in BODIES
]


class World:
    """A database with one school or two, its app, an administrator of everything and one of school 1."""

    def __init__(self, path: Path) -> None:
        self.engine: Engine = open_engine(f"sqlite:///{path}")
        settings = _SETTINGS.model_copy(update={"data_dir": path.parent})
        self.app: FastAPI = create_app(settings, self.engine, clock=Clock())

    def client(self, name: str) -> TestClient:
        return people.log_in(self.app, name)


def _make(path: Path, template: Path, schools: int) -> Path:
    shutil.copy(template, path)
    engine = open_engine(f"sqlite:///{path}")
    add_county(engine)
    people.add_user(engine, "admin", "admin", NOW)
    for number in range(1, schools + 1):
        add_everything(engine, number)
        content = picture(number)
        settings = _SETTINGS.model_copy(update={"data_dir": path.parent})
        for folder in (settings.files_dir, settings.snapshots_dir):
            FolderBlobs(folder).put(hashlib.sha256(content).hexdigest(), io.BytesIO(content))
    engine.dispose()
    return path


@pytest.fixture(scope="module")
def alone(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """School 1 is alone in the county."""
    return World(_make(tmp_path_factory.mktemp("alone") / "campus.db", sqlite_template, 1))


@pytest.fixture(scope="module")
def both_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _make(tmp_path_factory.mktemp("both") / "campus.db", sqlite_template, 2)


@pytest.fixture(scope="module")
def both(both_file: Path) -> World:
    return World(both_file)


@pytest.fixture
def fresh(both_file: Path, tmp_path: Path) -> Iterator[World]:
    """Both schools, for a test that writes."""
    shutil.copy(both_file, tmp_path / "campus.db")
    world = World(tmp_path / "campus.db")
    yield world
    world.engine.dispose()


@pytest.fixture(scope="module")
def readers(alone: World, both: World) -> dict[str, TestClient]:
    return {
        "limited alone": alone.client(LIMITED),
        "limited": both.client(LIMITED),
        "all alone": alone.client("admin"),
        "all": both.client("admin"),
    }


def _address(method: str, path: str) -> str:
    if (method, path) in SPECIAL_PATHS:
        return API_PREFIX + SPECIAL_PATHS[method, path]
    names = re.findall(r"{(\w+)}", path)
    missing = [name for name in names if name not in PATH_VALUES]
    assert not missing, f"say in scope_requests.py which row of school 2 stands for {missing} of {path}"
    return API_PREFIX + path.format(**PATH_VALUES)


def _send(client: TestClient, method: str, path: str) -> Response:
    assert (method, path) in BODIES, f"say in scope_requests.py what {method} {path} sends"
    body = BODIES[method, path]
    sent = (
        {"content": body, "headers": {"Content-Type": "image/png"}}
        if isinstance(body, bytes)
        else {"json": body}
    )
    answer: Response = client.request(method, _address(method, path), **sent)
    return answer


def _meaning(answer: Response) -> Any:
    if answer.headers.get("content-type") == "application/zip":
        return answer.status_code, _text(answer)
    return answer.status_code, answer.json() if answer.content else None


def _text(answer: Response) -> str:
    """What the answer says, also where it is packed."""
    if answer.headers.get("content-type") != "application/zip":
        return str(answer.text)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist())


def test_every_table_of_a_school_has_a_row_of_each(both: World) -> None:
    for mixin in (SchoolOwned, SchoolItself):
        for model in _children(mixin):
            column = table_of(model).c["school" if mixin is SchoolOwned else "code"]
            with both.engine.connect() as connection:
                schools = set(connection.execute(select(column)).scalars())
            assert {school_code(1), school_code(2)} <= schools, f"scope_rows.py adds no {model.__name__}"


def test_every_write_is_done_once_and_by_rule() -> None:
    for route in iter_route_contexts(_NOWHERE.routes):
        if (route.path or "").startswith(API_PREFIX):
            assert isinstance(route.original_route, OnceRoute), f"{route.path} needs new_router()"


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_the_same_as_if_the_other_school_did_not_exist(
    path: str, readers: dict[str, TestClient]
) -> None:
    limited_alone, limited, all_alone, everything = (
        readers[name].get(API_PREFIX + path) for name in ("limited alone", "limited", "all alone", "all")
    )
    assert limited.status_code == 200, limited.text
    assert _meaning(limited) == _meaning(limited_alone)
    assert OTHER_MARK not in _text(limited)
    assert OTHER_CODE not in _text(limited)
    assert _meaning(everything) != _meaning(all_alone), "shows nothing of a school, or scope_rows.py lacks it"


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("accept", ["text/csv"])
def test_an_export_holds_no_other_school(path: str, accept: str, readers: dict[str, TestClient]) -> None:
    answer = readers["limited"].get(API_PREFIX + path, headers={"Accept": accept})
    assert answer.status_code == 200
    assert OTHER_MARK not in _text(answer)
    assert OTHER_CODE not in _text(answer)


@pytest.mark.parametrize("path", LISTS)
def test_asking_for_the_other_school_gives_nothing(path: str, readers: dict[str, TestClient]) -> None:
    answer = readers["limited"].get(API_PREFIX + path, params={"school": OTHER_CODE, "q": OTHER_MARK})
    assert answer.status_code == 200
    assert OTHER_MARK not in _text(answer)


@pytest.mark.parametrize("path", DETAILS)
def test_a_row_of_the_other_school_does_not_exist(path: str, readers: dict[str, TestClient]) -> None:
    address = _address("GET", path)
    refused, nowhere = readers["limited"].get(address), readers["limited alone"].get(address)
    assert readers["all"].get(address).status_code == 200
    assert refused.status_code == 404
    assert {**refused.json(), "instance": None} == {**nowhere.json(), "instance": None}


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_write_to_the_other_school_changes_nothing(method: str, path: str, fresh: World) -> None:
    limited, everything = fresh.client(LIMITED), fresh.client("admin")
    before = _dump(fresh.engine)
    refused = _send(limited, method, path)
    expected = {403} if (method, path) in COUNTY_ONLY else {404} if "{" in path else {403, 404, 422}
    assert refused.status_code in expected, refused.text
    assert _dump(fresh.engine) == before
    assert OTHER_MARK not in refused.text.replace(f"admin-{OTHER_MARK}", "").replace(
        f"device {OTHER_MARK}", ""
    ), refused.text

    entries = _audit_entries(fresh.engine)
    done = _send(everything, method, path)
    assert done.status_code in {200, 201, 202, 204}, done.text
    assert _audit_entries(fresh.engine) > entries, f"{method} {path} leaves no audit entry"


def test_the_stream_leaves_out_the_other_school(both: World) -> None:
    async def changes(caller: Caller, count: int) -> list[str]:
        feed = Feed(both.engine, both.app.state.hub, caller).events("0")
        lines = [(await anext(feed)).decode() for _ in range(count + 1)]
        await feed.aclose()
        return lines[1:]

    limited = Caller(name="a", role="admin", every_school=False, schools=frozenset({school_code(1)}))
    everyone = Caller(name="b", role="admin", every_school=True)
    seen = asyncio.run(changes(limited, 2))
    assert [marker(1) in line and OTHER_MARK not in line for line in seen] == [True, True]
    assert [OTHER_MARK in line for line in asyncio.run(changes(everyone, 4))] == [False, True, False, True]


def _children(mixin: type) -> Iterator[type[SQLModel]]:
    child: type[SQLModel]
    for child in mixin.__subclasses__():
        yield child
        yield from _children(child)


def _dump(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in SQLModel.metadata.sorted_tables
        }


def _audit_entries(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count(AuditEntry.id))).scalar_one())  # type: ignore[arg-type]
