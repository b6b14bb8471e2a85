"""The one place where a query is limited to the caller's schools.

Every session carries a `Scope`. Every ORM statement that touches a table with a `school` column (the tables
that inherit `SchoolOwned`) is filtered by it before it runs, whatever the endpoint wrote; a session without
a scope refuses to run at all. `store/` therefore selects through the mapped classes, never through bare
tables, for anything an API caller can reach.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

import msgspec
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlmodel import SQLModel

from safety_service.domain.errors import NotFound


class Scope(msgspec.Struct, frozen=True):
    """Which schools a session may see: all of them, or just those listed."""

    every_school: bool
    schools: frozenset[str] = frozenset()

    def allows(self, school: str) -> bool:
        return self.every_school or school in self.schools


EVERY_SCHOOL = Scope(every_school=True)
NO_SCHOOL = Scope(every_school=False)


class SchoolOwned(SQLModel):
    """Mixin of every table whose rows belong to one school, named by its column `school`.

    A row without a school is seen only by callers with every school.
    """


class SchoolItself(SQLModel):
    """Mixin of the school table, whose own `code` is the limit."""


def scope_of(session: Session) -> Scope:
    """The scope of a session; one without a scope is a defect."""
    scope = session.info.get("scope")
    if not isinstance(scope, Scope):
        raise RuntimeError("a session without a scope may not read or write")
    return scope


@event.listens_for(Session, "do_orm_execute")
def _limit_to_schools(state: ORMExecuteState) -> None:
    scope = scope_of(state.session)
    if scope.every_school or state.is_column_load or state.is_relationship_load:
        return
    state.statement = state.statement.options(
        *_limits(tuple(sorted(scope.schools)), tuple(_mapped(SchoolOwned)))
    )


@event.listens_for(Session, "before_flush")
def _write_within_schools(session: Session, _context: object, _instances: object) -> None:
    """The last defence: a row of a school outside the scope is never written, whoever forgot to ask."""
    scope = scope_of(session)
    if scope.every_school:
        return
    for row in (*session.new, *session.dirty):
        school = getattr(row, "school", None)
        if isinstance(row, SchoolOwned) and school is not None and not scope.allows(school):
            raise NotFound(f"there is no school {school}")


@lru_cache(maxsize=1024)
def _limits(codes: tuple[str, ...], owned: tuple[type, ...]) -> list[Any]:
    # Plain expressions, not lambdas: a cached lambda must never carry one caller's schools to another.
    # The tables are part of the cache key: a table mapped later must not slip past a list made earlier.
    limits: list[Any] = [
        with_loader_criteria(table, cast(Any, table).school.in_(codes), include_aliases=True)
        for table in owned
    ]
    limits += [
        with_loader_criteria(table, cast(Any, table).code.in_(codes), include_aliases=True)
        for table in _mapped(SchoolItself)
    ]
    return limits


def _mapped(mixin: type) -> Iterator[type]:
    child: type
    for child in mixin.__subclasses__():
        yield child
        yield from _mapped(child)
