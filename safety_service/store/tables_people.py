"""The tables of people and of what they did: users, keys, the audit trail, answers already given."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, String
from sqlmodel import Field, SQLModel

from safety_service.store.columns import Json
from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant, json_object, number


class User(SQLModel, table=True):
    """One person; never deleted, only made inactive, so that the audit trail keeps its names.

    A token carries `token_version`: raising it ends every session of the person at once.
    """

    __tablename__ = "user_account"

    name: str = Field(primary_key=True)
    display_name: str
    password_hash: str
    role: str
    every_school: bool = False
    active: bool = True
    token_version: int = 1
    created_at: datetime = instant()
    updated_at: datetime = instant()


class UserSchool(SQLModel, table=True):
    """The schools a user is limited to. Not filtered by scope: it is what a scope is made of."""

    __tablename__ = "user_school"

    user: str = Field(
        sa_column=Column(
            "user_name", String, ForeignKey("user_account.name", ondelete="CASCADE"), primary_key=True
        )
    )
    school: str = Field(primary_key=True, foreign_key="school.code", index=True)


class ApiKey(SQLModel, table=True):
    """A machine's credential; only the SHA-256 of the key is kept."""

    __tablename__ = "api_key"

    id: int = number()
    name: str = Field(unique=True)
    prefix: str
    key_hash: str = Field(unique=True)
    role: str
    every_school: bool = False
    created_at: datetime = instant()
    created_by: str
    expires_at: datetime | None = instant(nullable=True)
    revoked_at: datetime | None = instant(nullable=True)


class ApiKeySchool(SQLModel, table=True):
    """The schools a key is limited to."""

    __tablename__ = "api_key_school"

    key_id: int = Field(primary_key=True, foreign_key="api_key.id", ondelete="CASCADE")
    school: str = Field(primary_key=True, foreign_key="school.code", index=True)


class AuditEntry(SchoolOwned, table=True):
    """Who did what to what, when and from where; append-only by trigger (see store/guards.py).

    `school` is empty for what concerns no single school: only callers with every school see those.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_school", "school", "id"),
        Index("ix_audit_entry_object", "object_type", "object_id", "id"),
        Index("ix_audit_entry_actor", "actor", "id"),
    )

    id: int = number()
    at: datetime = instant()
    actor: str
    action: str
    object_type: str
    object_id: str
    school: str | None = None
    address: str | None = None
    detail: dict[str, Any] = json_object()


class IdempotencyRecord(SQLModel, table=True):
    """The first answer to a write that carried an `Idempotency-Key`, kept for its repeats.

    `status` is empty only inside the transaction that is still making the answer. `body` is empty where the
    answer must not be kept (`Cache-Control: no-store`, a key that is shown once).
    """

    __tablename__ = "idempotency_record"

    caller: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    status: int | None = None
    headers: dict[str, str] = Field(default_factory=dict, sa_type=Json, nullable=False)
    body: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    created_at: datetime = instant(index=True)
