"""The row of a partition: where its pipeline stands."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from safety_service.store.dialect import insert
from safety_service.store.tables_partition import Lease, Partition

COUNTY_PARTITION = "county"
"""The single partition of a county: every school, one fixed client id."""

EVERY_TOPIC = "campus/v1/#"


def client_id_of(name: str) -> str:
    """Fixed for ever: the broker keeps a partition's unread messages under this name."""
    return f"campus-safety-{name}"


def filters_of(schools: Sequence[str]) -> list[str]:
    """The topics of these schools; without any, of every school."""
    return [f"campus/v1/{school}/#" for school in schools] or [EVERY_TOPIC]


def ensure(session: Session, name: str, schools: Sequence[str] = ()) -> int:
    """The id of the named partition; makes its row and its lease the first time."""
    known = session.exec(select(Partition).where(Partition.name == name)).one_or_none()
    if known is None:
        taken = session.exec(select(Partition.id)).all()
        row = {
            "id": max(taken, default=0) + 1,
            "name": name,
            "client_id": client_id_of(name),
            "filters": filters_of(schools),
            "schools": list(schools),
            "cursor": 0,
            "seen_cursor": 0,
            "event_position": 0,
            "deaf": [],
        }
        lease = {"name": name, "fence": 0, "beat": 0}
        session.connection().execute(insert(session, Partition).values(row).on_conflict_do_nothing())
        session.connection().execute(insert(session, Lease).values(lease).on_conflict_do_nothing())
        known = session.exec(select(Partition).where(Partition.name == name)).one()
    return known.id


def claim(session: Session, partition: int) -> Partition:
    """The row, locked against another pipeline of the same partition until the transaction ends."""
    statement = select(Partition).where(col(Partition.id) == partition).with_for_update()
    return session.exec(statement).one()


def every(session: Session) -> list[Partition]:
    return list(session.exec(select(Partition).order_by(col(Partition.id))))


def remove(session: Session, row: Partition) -> None:
    """Takes away a partition that never received anything, with its lease."""
    lease = session.get(Lease, row.name)
    if lease is not None:
        session.delete(lease)
    session.delete(row)
    session.flush()


def holder(session: Session, name: str) -> str | None:
    """Who works on the partition, as far as is known."""
    lease = session.get(Lease, name)
    return lease.holder if lease is not None else None


def of_school(session: Session, school: str) -> Partition | None:
    """The partition that works for a school: the one that names it, else the one that names none."""
    rest = None
    for partition in every(session):
        if school in partition.schools:
            return partition
        if not partition.schools:
            rest = partition
    return rest


def read(session: Session, name: str = COUNTY_PARTITION) -> Partition | None:
    """The row as it was last committed, or None before the service ever started."""
    return session.exec(select(Partition).where(Partition.name == name)).one_or_none()
