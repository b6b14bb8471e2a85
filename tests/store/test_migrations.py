"""The migrations make the schema that the program maps, on both databases, up and down and up again."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from safety_service.domain.errors import SafetyError, Unavailable
from safety_service.store import guards, migrations, pieces
from safety_service.store.schema import METADATA
from safety_service.store.session import open_engine
from tests import postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a single table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: str = request.getfixturevalue("postgres_server")
    postgres.execute(server, "CREATE DATABASE migrating")
    yield f"{server}/migrating"
    postgres.execute(server, "DROP DATABASE migrating WITH (FORCE)")


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    engine = open_engine(empty_url)
    yield engine
    engine.dispose()


def description(engine: Engine) -> dict[str, Any]:
    """All that the database tells of its tables, without the order in which it tells it."""
    look = inspect(engine)
    told: dict[str, Any] = {}
    for table in look.get_table_names():
        if table == "alembic_version" or pieces.is_piece(table):
            continue
        told[table] = {
            "columns": [{**c, "type": repr(c["type"])} for c in look.get_columns(table)],
            "primary key": look.get_pk_constraint(table),
            "foreign keys": _sorted(look.get_foreign_keys(table)),
            "unique": _sorted(look.get_unique_constraints(table)),
            "checks": _sorted(look.get_check_constraints(table)),
            "indexes": _sorted(look.get_indexes(table)),
        }
    return told


def _sorted(items: Any) -> list[str]:
    return sorted(repr(_plain(dict(item))) for item in items)


def _plain(value: Any) -> Any:
    return {name: _plain(part) for name, part in value.items()} if isinstance(value, dict) else str(value)


def test_up_down_and_up_again(empty: Engine) -> None:
    assert migrations.current(empty) is None
    migrations.upgrade(empty)
    assert migrations.current(empty) == migrations.head()
    assert migrations.check(empty) == []

    migrations.downgrade(empty, "base")
    assert set(inspect(empty).get_table_names()) <= {"alembic_version"}
    if empty.dialect.name == "postgresql":
        with empty.connect() as connection:
            left = connection.execute(text("SELECT count(*) FROM pg_proc WHERE proname = 'refuse_change'"))
            assert left.scalar_one() == 0

    migrations.upgrade(empty)
    assert migrations.check(empty) == []


def test_the_migrated_schema_is_the_mapped_one(empty: Engine) -> None:
    """Autogenerate does not compare check constraints and partial indexes; this does."""
    METADATA.create_all(empty)
    mapped = description(empty)
    METADATA.drop_all(empty)
    migrations.upgrade(empty)
    assert description(empty) == mapped
    assert any(table["checks"] for table in mapped.values())


def test_one_step_back_is_the_schema_of_before(empty: Engine) -> None:
    migrations.upgrade(empty, "0001")
    before = description(empty)
    migrations.upgrade(empty)
    migrations.downgrade(empty, "0001")
    assert description(empty) == before


def test_upgrading_twice_changes_nothing(empty: Engine) -> None:
    migrations.upgrade(empty)
    before = description(empty)
    migrations.upgrade(empty)
    assert description(empty) == before


def test_processes_that_start_together_wait_for_one_another(empty_url: str) -> None:
    together = threading.Barrier(4)

    def start(_: int) -> str | None:
        engine = open_engine(empty_url)
        together.wait()
        migrations.upgrade(engine)
        revision = migrations.current(engine)
        engine.dispose()
        return revision

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [migrations.head()] * 4


def test_a_migration_that_fails_leaves_nothing_behind(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE inspection (id INTEGER)"))
    with pytest.raises(Unavailable, match="inspection"):
        migrations.upgrade(empty)
    assert set(inspect(empty).get_table_names()) == {"inspection"}


@pytest.mark.parametrize("table", guards.APPEND_ONLY)
def test_history_cannot_be_rewritten(empty: Engine, table: str) -> None:
    migrations.upgrade(empty)
    names = guards.trigger_names(empty.dialect.name, (table,))
    with empty.begin() as connection:
        for name in names:
            on = f" ON {table}" if empty.dialect.name == "postgresql" else ""
            connection.execute(text(f"DROP TRIGGER {name}{on}"))
    assert migrations.check(empty) == [f"the trigger {name} is missing" for name in sorted(names)]


def test_check_names_what_differs(empty: Engine) -> None:
    assert "run db upgrade" in migrations.check(empty)[0]
    migrations.upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("DROP INDEX ix_event_school_time"))
        connection.execute(text("ALTER TABLE zone ADD COLUMN smell VARCHAR"))
    told = " ".join(migrations.check(empty))
    assert "ix_event_school_time" in told
    assert "smell" in told


def test_a_database_of_a_newer_program_is_left_alone(empty: Engine) -> None:
    migrations.upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SafetyError, match="newer program"):
        migrations.upgrade(empty)
    assert migrations.current(empty) == "9999"
