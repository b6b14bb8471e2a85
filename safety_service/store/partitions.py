"""The row of a partition: where its pipeline stands."""

from sqlmodel import Session, col, select

from safety_service.store.dialect import insert
from safety_service.store.tables import Partition

COUNTY_PARTITION = "county"
"""The single partition of a county: every school, one fixed client id."""


def ensure(session: Session, name: str, *, client_id: str, filters: list[str]) -> int:
    """The id of the named partition; makes its row the first time."""
    known = session.exec(select(Partition).where(Partition.name == name)).one_or_none()
    if known is None:
        taken = session.exec(select(Partition.id)).all()
        row = {
            "id": max(taken, default=0) + 1,
            "name": name,
            "client_id": client_id,
            "filters": filters,
            "cursor": 0,
            "event_position": 0,
            "deaf": [],
        }
        session.connection().execute(insert(session, Partition).values(row).on_conflict_do_nothing())
        known = session.exec(select(Partition).where(Partition.name == name)).one()
    return known.id


def claim(session: Session, partition: int) -> Partition:
    """The row, locked against another pipeline of the same partition until the transaction ends."""
    statement = select(Partition).where(col(Partition.id) == partition).with_for_update()
    return session.exec(statement).one()


def read(session: Session, name: str = COUNTY_PARTITION) -> Partition | None:
    """The row as it was last committed, or None before the service ever started."""
    return session.exec(select(Partition).where(Partition.name == name)).one_or_none()
