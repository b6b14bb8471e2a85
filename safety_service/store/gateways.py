"""Where each gateway's numbers stand: read whole when a pipeline starts, written with every batch."""

from collections.abc import Collection, Iterable

from sqlmodel import Session, col, select

from safety_service.domain.receipts import Key, Numbering
from safety_service.store import paging
from safety_service.store.dialect import insert
from safety_service.store.tables import Gateway

_KEPT = ("covered", "beyond", "first_at", "gap_since", "heard_seconds", "gap_told", "heard_at")


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
    rows = [
        {"school": state.school, "gateway": state.gateway} | {name: getattr(state, name) for name in _KEPT}
        for state in sorted(changed, key=lambda state: state.key)
    ]
    if not rows:
        return
    statement = insert(session, Gateway)
    statement = statement.on_conflict_do_update(
        index_elements=["school", "gateway"], set_={name: statement.excluded[name] for name in _KEPT}
    )
    session.connection().execute(statement, rows)


def list_gateways(
    session: Session, school: str | None, after: paging.Key | None, limit: int
) -> paging.Page[Gateway]:
    """In the order of school and gateway."""
    statement = select(Gateway)
    if school is not None:
        statement = statement.where(Gateway.school == school)
    return paging.page(session, statement, [Gateway.school, Gateway.gateway], after=after, limit=limit)
