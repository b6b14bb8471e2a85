"""Where each gateway's numbers stand: read whole when a pipeline starts, written with every batch."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from safety_service.domain.receipts import Key, Numbering
from safety_service.store import paging
from safety_service.store.batches import Upsert, instant_of, upsert
from safety_service.store.tables_partition import Gateway

_TYPES = {
    "covered": "int8",
    "beyond": "jsonb",
    "first_at": "timestamptz",
    "gap_since": "timestamptz",
    "heard_seconds": "float8",
    "gap_told": "jsonb",
    "heard_at": "timestamptz",
}
_KEPT = tuple(_TYPES)
_NUMBERING = Upsert(
    "gateway",
    {"school": "text", "gateway": "text", **_TYPES},
    ("school", "gateway"),
    ", ".join(f"{name} = excluded.{name}" for name in _KEPT),
)


def load(session: Session, schools: Collection[str] | None = None) -> dict[Key, Numbering]:
    """Every state, or those of some schools only: a pipeline knows the gateways of its own partition."""
    statement = select(Gateway)
    if schools is not None:
        statement = statement.where(col(Gateway.school).in_(schools))
    return {
        (row.school, row.gateway): Numbering(
            school=row.school, gateway=row.gateway, **{name: getattr(row, name) for name in _KEPT}
        )
        for row in session.exec(statement)
    }


def save(session: Session, changed: Iterable[Numbering]) -> None:
    """Writes states in one upsert; belongs in the transaction of the events they number."""
    # Sorted, so that two writers meet the rows in the same order and cannot block each other for good.
    stored = instant_of(session)
    rows = []
    for state in sorted(changed, key=lambda state: state.key):
        kept = [getattr(state, name) for name in _KEPT]
        rows.append((state.school, state.gateway, *(_as_stored(value, stored) for value in kept)))
    upsert(session, _NUMBERING, rows)


def _as_stored(value: Any, stored: Callable[[datetime], Any]) -> Any:
    if isinstance(value, datetime):
        return stored(value)
    return msgspec.json.encode(value).decode() if isinstance(value, list) else value


def list_gateways(
    session: Session, school: str | None, after: paging.Key | None, limit: int
) -> paging.Page[Gateway]:
    """In the order of school and gateway."""
    statement = select(Gateway)
    if school is not None:
        statement = statement.where(Gateway.school == school)
    return paging.page(session, statement, [Gateway.school, Gateway.gateway], after=after, limit=limit)
