"""`insert … on conflict` for whichever of the two databases is behind the session."""

from typing import Any

from sqlalchemy import Engine, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

Insert = postgresql.Insert | sqlite.Insert


def table_of(model: type[SQLModel]) -> Table:
    """The Core table of a mapped class, for statements over whole batches."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def is_server(engine: Engine) -> bool:
    """Whether the database works in processes of its own, so that ours is idle while it does."""
    return engine.dialect.name != "sqlite"


def insert(session: Session, model: type[SQLModel]) -> Any:
    """An insert that offers `on_conflict_do_nothing` and `on_conflict_do_update` with `excluded`."""
    if is_postgresql(session):
        return postgresql.insert(table_of(model))
    return sqlite.insert(table_of(model))
