"""Brings a database to the schema of this program, and says where it differs.

The migrations are those of `alembic/` in a source tree and of `safety_service/migrations/` in a wheel.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from safety_service.domain.errors import SafetyError, Unavailable
from safety_service.store import guards, pieces
from safety_service.store.schema import METADATA

_PACKAGE = Path(__file__).resolve().parents[1]
_UPGRADE_LOCK = 0x63616D70_75730001
"""Any number that nothing else in the database locks."""


def scripts() -> Path:
    """The directory of the migrations, wherever this program was installed from."""
    shipped = _PACKAGE / "migrations"
    return shipped if shipped.is_dir() else _PACKAGE.parent / "alembic"


def head() -> str:
    """The newest revision that this program knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise SafetyError(f"no migrations in {scripts()}")
    return revision


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Runs what is missing, all of it or nothing; processes that start together wait for one another.

    Raises SafetyError where the database was written by a newer program, Unavailable where it is away.
    """
    with _alone(engine) as connection, _one_sentence():
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Back to `revision`; `base` removes every table with its rows."""
    with _alone(engine) as connection, _one_sentence():
        command.downgrade(_config(connection), revision)


def current(engine: Engine) -> str | None:
    """The revision of the database; None before the first upgrade. Raises Unavailable where it is away."""
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        raise Unavailable(
            f"the database cannot be reached: {_reason(error)}", slug="database-away"
        ) from error


def check(engine: Engine) -> list[str]:
    """A sentence for each way the database differs from what this program expects; empty when it does not."""
    found = current(engine)
    if found != head():
        return [f"the schema is at revision {found or 'none'}, this program needs {head()}: run db upgrade"]
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": mapped})
        differences = compare_metadata(context, METADATA)
        missing = guards.trigger_names(engine.dialect.name) - _triggers(connection)
    return [
        *(f"the schema differs from this program's tables: {difference}" for difference in differences),
        *(f"the trigger {name} is missing" for name in sorted(missing)),
    ]


def mapped(name: str | None, kind: str, _parents: object) -> bool:
    """Alembic's `include_name`: pieces of tables come and go, only the whole tables are compared."""
    return kind != "table" or not pieces.is_piece(name)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    # A percent sign in a path would be read as an interpolation.
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other migration runs beside: SQLite's write lock, PostgreSQL's advisory lock."""
    try:
        with engine.execution_options(writes=True).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
            yield connection
    except DBAPIError as error:
        raise Unavailable(
            f"the schema could not be changed: {_reason(error)}", slug="database-away"
        ) from error


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise SafetyError(f"{error}; was this database written by a newer program?") from error


def _reason(error: DBAPIError) -> str:
    return (str(error.orig).strip() or "no reason given").splitlines()[0]


def _triggers(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        statement = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        statement = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    return set(connection.execute(text(statement)).scalars())
