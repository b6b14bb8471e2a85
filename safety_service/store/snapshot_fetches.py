"""Images to be fetched: written with their event, claimed, and settled when they are here or given up.

A claim moves `next_attempt_at` behind the lease, so that a row whose process died becomes due by itself.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import delete
from sqlmodel import Session, col, func, select, update

from safety_service.store.dialect import insert
from safety_service.store.tables_snapshot import SnapshotFetch

WAITING, FAILED = "waiting", "failed"
_SEEN_AT_ONCE = 500


class Owed(msgspec.Struct, frozen=True):
    """A link that an event brought."""

    school: str
    device: str
    link: str
    host: str
    occurred_at: datetime


def add(session: Session, owed: Sequence[Owed], now: datetime) -> None:
    """Due at once; a link that waits already is fetched once for all that name it."""
    if not owed:
        return
    rows = [
        {
            **msgspec.structs.asdict(one),
            "state": WAITING,
            "attempts": 0,
            "created_at": now,
            "next_attempt_at": now,
        }
        for one in owed
    ]
    session.connection().execute(insert(session, SnapshotFetch).on_conflict_do_nothing(), rows)


def waiting(session: Session) -> int:
    return session.exec(select(func.count()).where(SnapshotFetch.state == WAITING)).one()


def due(session: Session, now: datetime, resting: Collection[str], limit: int) -> list[int]:
    """The rows that may be fetched now, longest due first, one for each host that does not rest."""
    statement = (
        select(SnapshotFetch.id, SnapshotFetch.host)
        .where(
            SnapshotFetch.state == WAITING,
            col(SnapshotFetch.next_attempt_at) <= now,
            col(SnapshotFetch.host).not_in(sorted(resting)),
        )
        .order_by(col(SnapshotFetch.next_attempt_at), col(SnapshotFetch.id))
        .limit(_SEEN_AT_ONCE)
    )
    first: dict[str, int] = {}
    for number, host in session.exec(statement):
        first.setdefault(host, number)
    return list(first.values())[:limit]


def claim(session: Session, ids: Sequence[int], now: datetime, lease_until: datetime) -> list[SnapshotFetch]:
    """Takes these rows unless somebody else has; their attempt is counted."""
    free = [
        col(SnapshotFetch.id).in_(ids),
        col(SnapshotFetch.state) == WAITING,
        col(SnapshotFetch.next_attempt_at) <= now,
    ]
    # PostgreSQL: passes over rows that another claim holds at this moment; SQLite has one writer anyway.
    locked = session.exec(select(SnapshotFetch.id).where(*free).with_for_update(skip_locked=True)).all()
    taken = session.exec(
        update(SnapshotFetch)
        .where(*free, col(SnapshotFetch.id).in_(locked))
        .values(attempts=col(SnapshotFetch.attempts) + 1, next_attempt_at=lease_until)
        .returning(col(SnapshotFetch.id))
        .execution_options(synchronize_session=False)
    )
    numbers = [row[0] for row in taken]
    return list(session.exec(select(SnapshotFetch).where(col(SnapshotFetch.id).in_(numbers))))


def settle_done(session: Session, number: int) -> None:
    session.connection().execute(delete(SnapshotFetch).where(col(SnapshotFetch.id) == number))


def settle_again(session: Session, number: int, attempts: int, answer: str, at: datetime) -> None:
    """Due again at `at`, unless the claim (known by its count of attempts) has passed to somebody else."""
    _settle(session, number, attempts, {"answer": answer, "next_attempt_at": at})


def settle_failed(session: Session, number: int, attempts: int, answer: str) -> None:
    _settle(session, number, attempts, {"answer": answer, "state": FAILED})


def give_back(session: Session, number: int, attempts: int, now: datetime) -> None:
    """Undoes a claim of which nothing was asked."""
    _settle(session, number, attempts, {"attempts": attempts - 1, "next_attempt_at": now})


def remove_old(session: Session, *, before: datetime, limit: int) -> int:
    """Rows made before, waiting ones too: nobody wants the picture of another day."""
    oldest = (
        select(SnapshotFetch.id)
        .where(col(SnapshotFetch.created_at) < before)
        .order_by(col(SnapshotFetch.created_at))
        .limit(limit)
    )
    return (
        session.connection().execute(delete(SnapshotFetch).where(col(SnapshotFetch.id).in_(oldest))).rowcount
    )


def _settle(session: Session, number: int, attempts: int, values: dict[str, object]) -> None:
    statement = update(SnapshotFetch).where(
        col(SnapshotFetch.id) == number,
        col(SnapshotFetch.attempts) == attempts,
        col(SnapshotFetch.state) == WAITING,
    )
    session.exec(statement.values(**values).execution_options(synchronize_session=False))
