"""Leases: who may work on a partition, proved by a fencing number inside every transaction that writes.

Who writes locks the row against a change of its holder (`for key share`), which a renewal is not; who takes
over waits for those locks. So no transaction of the old holder can commit after the take-over, not even one
that was under way. SQLite has one writer at a time, which makes the check alone enough.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select, update

from safety_service.domain.errors import Superseded
from safety_service.store.dialect import is_postgresql
from safety_service.store.tables_partition import Lease

LOCK_TIMEOUT_MILLISECONDS = 1000


def read(session: Session, name: str) -> Lease:
    """The lease as it is now; it was made with its partition."""
    return session.exec(select(Lease).where(Lease.name == name)).one()


def take(session: Session, seen: Lease, holder: str, now: datetime) -> int:
    """Takes the lease over from whoever held it when `seen` was read; returns the new fencing number.

    Raises Superseded where it has been renewed or taken since. Waits a second at most for transactions of
    the old holder; if they still hold the row then, `end_transactions` is the way.
    """
    if is_postgresql(session):
        session.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MILLISECONDS}"))
        session.execute(text("SELECT 1 FROM lease WHERE name = :name FOR UPDATE"), {"name": seen.name})
    taken = session.connection().execute(
        update(Lease)
        .where(col(Lease.name) == seen.name, col(Lease.fence) == seen.fence, col(Lease.beat) == seen.beat)
        .values(fence=seen.fence + 1, beat=0, holder=holder, taken_at=now, renewed_at=now)
        .returning(col(Lease.fence))
    )
    fence = taken.scalar_one_or_none()
    if fence is None:
        raise Superseded(f"somebody else has the lease {seen.name}")
    return int(fence)


def renew(session: Session, name: str, fence: int, now: datetime) -> None:
    """Shows that the holder lives. Raises Superseded where it is the holder no more."""
    done = session.connection().execute(
        update(Lease)
        .where(col(Lease.name) == name, col(Lease.fence) == fence, col(Lease.holder).is_not(None))
        .values(beat=col(Lease.beat) + 1, renewed_at=now)
    )
    if done.rowcount != 1:
        raise _superseded(name)


def release(session: Session, name: str, fence: int) -> None:
    """Gives it back, so that a standby need not wait; nothing happens where somebody else has it."""
    session.connection().execute(
        update(Lease).where(col(Lease.name) == name, col(Lease.fence) == fence).values(holder=None)
    )


def hold(session: Session, name: str, fence: int) -> None:
    """Makes sure that this transaction commits under the lease or not at all. Raises Superseded.

    For every transaction that writes for a partition, before its first write.
    """
    if not is_postgresql(session):
        check(session, name, fence)
        return
    statement = text(
        "SELECT fence, set_config('application_name', :mark, true) FROM lease"
        " WHERE name = :name FOR KEY SHARE"
    )
    found = session.execute(statement, {"name": name, "mark": _mark(name, fence)}).scalar_one_or_none()
    if found != fence:
        raise _superseded(name)


def check(session: Session, name: str, fence: int) -> None:
    """Whether it is the caller's at this moment; for whoever writes nothing. Raises Superseded."""
    if session.execute(select(Lease.fence).where(Lease.name == name)).scalar_one_or_none() != fence:
        raise _superseded(name)


def end_transactions(session: Session, name: str, fence: int) -> int:
    """Ends what the old holder still has under way on PostgreSQL: a process that froze holds its locks."""
    if not is_postgresql(session):
        return 0
    statement = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE application_name = :mark AND pid <> pg_backend_pid()"
    )
    return int(session.execute(statement, {"mark": _mark(name, fence)}).scalar_one())


def lock_is_held(error: BaseException | None) -> bool:
    """Whether a take-over failed because transactions of the old holder would not end."""
    while error is not None:
        if isinstance(error, OperationalError) and "lock timeout" in str(error.orig):
            return True
        error = error.__cause__
    return False


def _mark(name: str, fence: int) -> str:
    """The name under which the holder's transactions stand in pg_stat_activity (63 bytes at most)."""
    return f"campus {name[:30]} {fence}"


def _superseded(name: str) -> Superseded:
    return Superseded(f"another process has taken over the lease {name}")
