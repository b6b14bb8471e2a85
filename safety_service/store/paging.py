"""Keyset paging: a page is what follows a key, so rows added meanwhile neither repeat nor hide others."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import literal, tuple_
from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

RowT = TypeVar("RowT")

Key = tuple[Any, ...]
"""The order columns of the last row of a page: text, numbers, aware times."""


class Page(msgspec.Struct, Generic[RowT], frozen=True):
    """Some rows in order, and the key of the last one where more follow."""

    rows: Sequence[RowT]
    next: Key | None


def page(
    session: Session,
    statement: SelectOfScalar[RowT],
    order: Sequence[Any],
    *,
    after: Key | None,
    limit: int,
    descending: bool = False,
) -> Page[RowT]:
    """Up to `limit` rows of a mapped class behind `after`.

    `order` are columns of that class, together unique, all in the same direction and none of them empty; an
    index that begins with what the statement filters and goes on with them makes every page cost the same.
    """
    if after is not None:
        here = tuple_(*(literal(value, column.type) for value, column in zip(after, order, strict=True)))
        position = tuple_(*order)
        statement = statement.where(position < here if descending else position > here)
    statement = statement.order_by(*(column.desc() if descending else column.asc() for column in order))
    rows = session.exec(statement.limit(limit + 1)).all()
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], tuple(getattr(last, column.key) for column in order))
