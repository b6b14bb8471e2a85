"""Answers already given: the unique key (caller, key) makes a write with an `Idempotency-Key` happen once."""

from datetime import datetime

from sqlmodel import Session, col, delete, select

from safety_service.store.dialect import insert
from safety_service.store.tables_people import IdempotencyRecord


def claim(
    session: Session, caller: str, key: str, fingerprint: str, now: datetime
) -> IdempotencyRecord | None:
    """None when this transaction is the first with the key; otherwise the record of the first.

    A concurrent second waits here for the first to commit or roll back (PostgreSQL on the unique index,
    SQLite on the write lock), so it never runs beside it.
    """
    statement = (
        insert(session, IdempotencyRecord)
        .values(caller=caller, key=key, fingerprint=fingerprint, headers={}, created_at=now)
        .on_conflict_do_nothing()
        .returning(IdempotencyRecord.key)
    )
    if session.connection().execute(statement).first() is not None:
        return None
    return _find(session, caller, key)


def keep_answer(
    session: Session, caller: str, key: str, status: int, headers: dict[str, str], body: bytes | None
) -> None:
    """Completes the claim of this transaction with the answer it is about to give."""
    record = _find(session, caller, key)
    record.status, record.headers, record.body = status, headers, body
    session.add(record)
    session.flush()


def forget_before(session: Session, moment: datetime) -> int:
    """Removes what is older and returns how many."""
    result = session.connection().execute(
        delete(IdempotencyRecord).where(col(IdempotencyRecord.created_at) < moment)
    )
    return result.rowcount


def _find(session: Session, caller: str, key: str) -> IdempotencyRecord:
    statement = select(IdempotencyRecord).where(
        IdempotencyRecord.caller == caller, IdempotencyRecord.key == key
    )
    return session.exec(statement).one()
