"""What is written into the trail and the history stays, whoever asks the database to change it."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from safety_service.store import audit, guards
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests.conftest import NOW


@pytest.mark.parametrize("change", ["UPDATE audit_entry SET actor = 'nobody'", "DELETE FROM audit_entry"])
def test_the_audit_trail_cannot_be_changed(engine: Engine, change: str) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        audit.record(session, "device.adopt", "device", "cam-1", now=NOW)
    with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
        connection.execute(text(change))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT actor FROM audit_entry")).all() == [("system",)]


@pytest.mark.parametrize("table", guards.APPEND_ONLY)
def test_every_guarded_table_has_its_triggers(engine: Engine, table: str) -> None:
    catalogue = (
        "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
        if engine.dialect.name == "sqlite"
        else "SELECT count(*) FROM pg_trigger WHERE tgrelid = cast(:table AS regclass) AND NOT tgisinternal"
    )
    with engine.connect() as connection:
        assert connection.execute(text(catalogue), {"table": table}).scalar_one() == 2


def test_guards_can_be_taken_away_and_put_back(engine: Engine) -> None:
    with engine.begin() as connection:
        for statement in guards.drop_statements(engine.dialect.name):
            connection.exec_driver_sql(statement)
        for statement in guards.create_statements(engine.dialect.name):
            connection.exec_driver_sql(statement)


def test_an_entry_names_the_actor_of_its_session(engine: Engine) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        audit.act_as(session, audit.Actor("li.min", "10.0.0.7"))
        audit.record(session, "alert.close", "alert", 7, now=NOW, detail={"disposition": "test"})
    with session_scope(engine, EVERY_SCHOOL) as session:
        entry = audit.list_entries(session, audit.AuditFilter(actor="li.min"), None, 10).rows[0]
    assert (entry.action, entry.object_id, entry.address, entry.at) == ("alert.close", "7", "10.0.0.7", NOW)
