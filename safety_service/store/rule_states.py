"""What the rules remember, and which rule file is in force."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import delete, func, tuple_
from sqlmodel import Session, col, select

from safety_service.store.batches import Upsert, upsert
from safety_service.store.dialect import table_of
from safety_service.store.tables import RuleSetVersion, RuleState

Key = tuple[str, ...]
_DELETE_AT_ONCE = 500
_STATES = Upsert(
    "rule_state", {"rule": "text", "key": "text", "state": "bytea"}, ("rule", "key"), "state = excluded.state"
)


def encode_key(key: Key) -> str:
    """A key as stored: a JSON list, so that no separator in a device's name can mix two keys up."""
    return msgspec.json.encode(key).decode()


def decode_key(text: str) -> Key:
    return tuple(msgspec.json.decode(text, type=list[str]))


def load(session: Session) -> list[tuple[str, Key, bytes]]:
    """Every stored state as (rule, key, state)."""
    rows = session.exec(select(RuleState.rule, RuleState.key, RuleState.state)).all()
    return [(rule, decode_key(key), bytes(state)) for rule, key, state in rows]


def save(session: Session, changes: Iterable[tuple[str, Key, bytes | None]]) -> None:
    """Stores changed states; None means that the rule has nothing to remember of the key any more."""
    kept, gone = [], []
    for rule, key, state in sorted(changes, key=_by_rule_and_key):
        if state is None:
            gone.append((rule, encode_key(key)))
        else:
            kept.append((rule, encode_key(key), state))
    upsert(session, _STATES, kept)
    table = table_of(RuleState)
    for start in range(0, len(gone), _DELETE_AT_ONCE):
        some = gone[start : start + _DELETE_AT_ONCE]
        session.connection().execute(delete(table).where(tuple_(table.c.rule, table.c.key).in_(some)))


def _by_rule_and_key(change: tuple[str, Key, bytes | None]) -> tuple[str, Key]:
    return change[:2]


def current_version(session: Session) -> int:
    """The version of the rule file in force, 0 before any was stored."""
    return session.exec(select(func.coalesce(func.max(RuleSetVersion.version), 0))).one()


def read_rule_set(session: Session, version: int | None = None) -> RuleSetVersion | None:
    """One version of the rule file, the newest without a number."""
    statement = select(RuleSetVersion).order_by(col(RuleSetVersion.version).desc()).limit(1)
    if version is not None:
        statement = statement.where(RuleSetVersion.version == version)
    return session.exec(statement).one_or_none()


def add_rule_set(session: Session, text: str, *, by: str, now: datetime) -> RuleSetVersion:
    """Puts a rule file in force; it has been checked before."""
    row = RuleSetVersion(text=text, created_by=by, created_at=now)
    session.add(row)
    session.flush()
    return row
