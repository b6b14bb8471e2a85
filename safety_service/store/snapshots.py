"""Snapshots: the rows that say of which school an image is, and with them who may read one."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, tuple_
from sqlmodel import Session, col, func, select, update

from safety_service.domain.errors import NotFound
from safety_service.store.dialect import insert
from safety_service.store.tables import StoredAlert, StoredEvent
from safety_service.store.tables_snapshot import Snapshot

AT_ONCE = 500


def add(session: Session, images: Mapping[tuple[str, str], tuple[str, int]], now: datetime) -> None:
    """Media type and size of each image by hash and school; one that is known is kept from now on again."""
    if not images:
        return
    rows = [
        {"sha256": sha256, "school": school, "media_type": media_type, "size": size, "stored_at": now}
        for (sha256, school), (media_type, size) in sorted(images.items())
    ]
    statement = insert(session, Snapshot)
    again = statement.on_conflict_do_update(
        index_elements=["sha256", "school"], set_={"stored_at": statement.excluded.stored_at}
    )
    session.connection().execute(again, rows)


def get(session: Session, sha256: str) -> Snapshot:
    """The image as one of the schools within the scope has it, or NotFound."""
    statement = select(Snapshot).where(Snapshot.sha256 == sha256).order_by(Snapshot.school).limit(1)
    found = session.exec(statement).first()
    if found is None:
        raise NotFound(f"there is no snapshot {sha256}, or it is not kept any more")
    return found


def named(session: Session, hashes: Collection[str]) -> set[str]:
    """Those of the hashes that a row names, of whatever school."""
    statement = select(Snapshot.sha256).where(col(Snapshot.sha256).in_(sorted(hashes)))
    return set(session.exec(statement))


def count_old(session: Session, before: datetime) -> int:
    return session.exec(select(func.count()).where(col(Snapshot.stored_at) < before)).one()


def remove_old(session: Session, *, before: datetime, limit: int) -> int:
    """The oldest rows, `limit` at most; the files go later, by `named`."""
    oldest = (
        select(Snapshot.sha256, Snapshot.school)
        .where(col(Snapshot.stored_at) < before)
        .order_by(col(Snapshot.stored_at))
        .limit(limit)
    )
    place = tuple_(col(Snapshot.sha256), col(Snapshot.school))
    return session.connection().execute(delete(Snapshot).where(place.in_(oldest))).rowcount


def replace_link(session: Session, *, school: str, link: str, since: datetime, path: str) -> None:
    """Events from `since` on and alerts that show the link show our path; the caller holds the history."""
    events = update(StoredEvent).where(
        col(StoredEvent.school) == school,
        col(StoredEvent.occurred_at) >= since,
        col(StoredEvent.snapshot_url) == link,
    )
    alerts = update(StoredAlert).where(
        col(StoredAlert.snapshot_url) == link, col(StoredAlert.school) == school
    )
    for statement in (events, alerts):
        session.exec(statement.values(snapshot_url=path).execution_options(synchronize_session=False))
