"""The database of a pair, durable and on the disk: migrated, with a county in it, copied for each scene."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from pydantic import SecretStr

from device_simulator.county import build_county
from device_simulator.registry_csv import write_registry
from safety_service.services import registry_csv
from safety_service.settings import Settings
from safety_service.store import migrations
from safety_service.store.session import open_engine
from tests import people, postgres

ADMIN = "chief"

NewDatabase = Callable[[Path], str]
"""Makes a fresh database, in this directory where it is a file, and returns its URL."""


@contextmanager
def sqlite(home: Path, schools: int) -> Iterator[NewDatabase]:
    template = home / "template"
    template.mkdir()
    _fill(f"sqlite:///{template / 'campus.db'}", home, schools)

    def fresh(directory: Path) -> str:
        shutil.copytree(template, directory / "database", dirs_exist_ok=True)
        return f"sqlite:///{directory / 'database' / 'campus.db'}"

    yield fresh


@contextmanager
def postgresql(home: Path, schools: int) -> Iterator[NewDatabase]:
    numbers = count(1)
    with postgres.cluster(durable=True) as cluster:
        server = cluster.server
        postgres.execute(server, "CREATE DATABASE template_campus")
        _fill(f"{server}/template_campus", home, schools)

        def fresh(_directory: Path) -> str:
            name = f"campus_{next(numbers)}"
            postgres.execute(server, f"CREATE DATABASE {name} TEMPLATE template_campus")
            return f"{server}/{name}"

        yield fresh


PAIRS = {"sqlite": sqlite, "postgresql": postgresql}
"""Each with Mosquitto as its broker."""


def _fill(url: str, home: Path, schools: int) -> None:
    """The schema, the schools of the simulator's county, and an admin."""
    engine = open_engine(url)
    migrations.upgrade(engine)
    path, _ = write_registry(build_county(schools, 1), home / "county")
    settings = Settings(_env_file=None, secret_key=SecretStr("not used here"))
    outcome = registry_csv.import_schools(engine, settings, path, datetime.now(UTC), lambda _lines: None)
    assert outcome.added == schools, outcome
    people.add_user(engine, ADMIN, "admin", datetime.now(UTC))
    engine.dispose()
