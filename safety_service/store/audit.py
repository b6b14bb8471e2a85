"""The audit trail: one entry for each write, in the transaction of the write itself."""

from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from safety_service.store.paging import Key, Page, page
from safety_service.store.tables_people import AuditEntry


class Actor(msgspec.Struct, frozen=True):
    """Who writes in this session, and from which network address."""

    name: str
    address: str | None = None


SYSTEM = Actor("system")


def act_as(session: Session, actor: Actor) -> None:
    """Names the actor for every audit entry of this session; without it the actor is `system`."""
    session.info["actor"] = actor


def actor_of(session: Session) -> Actor:
    actor = session.info.get("actor", SYSTEM)
    assert isinstance(actor, Actor)
    return actor


def record(
    session: Session,
    action: str,
    object_type: str,
    object_id: str | int,
    *,
    now: datetime,
    school: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Adds one entry, e.g. `record(session, "device.adopt", "device", "cam-1", now=now, school=code)`.

    `detail` is JSON and holds no password, key or token.
    """
    actor = actor_of(session)
    session.add(
        AuditEntry(
            at=now,
            actor=actor.name,
            action=action,
            object_type=object_type,
            object_id=str(object_id),
            school=school,
            address=actor.address,
            detail=detail or {},
        )
    )


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to show of the trail; empty fields do not limit. `since` is included, `until` is not."""

    actor: str | None = None
    action: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    school: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_entries(session: Session, wanted: AuditFilter, after: Key | None, limit: int) -> Page[AuditEntry]:
    """Newest first."""
    return page(session, _matching(wanted), [AuditEntry.id], after=after, limit=limit, descending=True)


def _matching(wanted: AuditFilter) -> SelectOfScalar[AuditEntry]:
    statement = select(AuditEntry)
    for field in ("actor", "action", "object_type", "object_id", "school"):
        value = getattr(wanted, field)
        if value is not None:
            statement = statement.where(getattr(AuditEntry, field) == value)
    if wanted.since is not None:
        statement = statement.where(col(AuditEntry.at) >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(col(AuditEntry.at) < wanted.until)
    return statement
