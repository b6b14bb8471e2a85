"""One transaction: a read leaves nothing behind, and a connection that has ended is replaced."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import InternalError
from sqlmodel import select

from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from safety_service.store.tables import School
from tests.conftest import SCHOOL, add_two_schools


@pytest.fixture
def lonely(postgresql_url: str) -> Iterator[Engine]:
    """PostgreSQL over one connection."""
    engine = open_engine(postgresql_url, pool_size=1)
    add_two_schools(engine)
    yield engine
    engine.dispose()


def name_of(engine: Engine) -> str:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return session.get_one(School, SCHOOL).name_zh


@pytest.mark.parametrize("autocommit", [False, True])
def test_what_a_reader_changes_is_not_written(two_schools: Engine, autocommit: bool) -> None:
    before = name_of(two_schools)
    with session_scope(two_schools, EVERY_SCHOOL, autocommit=autocommit) as session:
        session.get_one(School, SCHOOL).name_zh = "改"
    assert name_of(two_schools) == before != "改"


def test_what_a_reader_writes_is_refused_or_undone(two_schools: Engine) -> None:
    before = name_of(two_schools)
    refused = two_schools.dialect.name == "postgresql"
    with (
        pytest.raises(InternalError, match="read-only") if refused else nullcontext(),
        session_scope(two_schools, EVERY_SCHOOL) as session,
    ):
        session.get_one(School, SCHOOL).name_zh = "改"
        session.flush()
    assert name_of(two_schools) == before


def test_a_read_forgets_no_prepared_statement(lonely: Engine) -> None:
    for _ in range(8):
        with session_scope(lonely, EVERY_SCHOOL) as session:
            session.exec(select(School.code)).all()
    with session_scope(lonely, EVERY_SCHOOL) as session:
        known = session.execute(text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert [statement for statement in known if "FROM school" in statement]


def test_a_connection_with_a_notice_is_not_thrown_away(lonely: Engine) -> None:
    with session_scope(lonely, EVERY_SCHOOL) as session:
        process = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        session.execute(text("LISTEN news"))
    other = open_engine(lonely.url.render_as_string(hide_password=False))
    with other.begin() as connection:
        connection.execute(text("NOTIFY news"))
    other.dispose()
    with session_scope(lonely, EVERY_SCHOOL) as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() == process


def test_a_connection_that_the_server_has_ended_is_replaced_unnoticed(lonely: Engine) -> None:
    with session_scope(lonely, EVERY_SCHOOL) as session:
        ended = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    other = open_engine(lonely.url.render_as_string(hide_password=False))
    with other.begin() as connection:
        # Returns when the process is gone, or after this many milliseconds.
        assert connection.execute(text(f"SELECT pg_terminate_backend({ended}, 5000)")).scalar_one()
    other.dispose()
    with session_scope(lonely, EVERY_SCHOOL) as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() != ended
