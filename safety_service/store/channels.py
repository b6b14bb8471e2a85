"""Channels: who is told, read whole only here and in delivery; their secrets never leave the service."""

from collections.abc import Sequence

from sqlmodel import Session, select

from safety_service.domain.errors import NotFound
from safety_service.store.paging import Key, Page, page
from safety_service.store.scope import Scope, scope_of
from safety_service.store.tables_outbox import Channel


def find(session: Session, channel_id: str) -> Channel | None:
    return session.exec(select(Channel).where(Channel.id == channel_id)).one_or_none()


def get(session: Session, channel_id: str) -> Channel:
    """Raises NotFound, also for a channel that is for other schools than the session's."""
    row = find(session, channel_id)
    if row is None or not _concerns(scope_of(session), row):
        raise NotFound(f"there is no channel {channel_id!r}", place="path.channel_id")
    return row


def list_page(session: Session, after: Key | None, limit: int) -> Page[Channel]:
    """By id: the channels of every school and those of the session's own schools."""
    scope = scope_of(session)
    if scope.every_school:
        return page(session, select(Channel), [Channel.id], after=after, limit=limit)
    # The schools are a list in the row, which the databases search differently; channels are few.
    every = session.exec(select(Channel).order_by(Channel.id)).all()
    rows = [row for row in every if _concerns(scope, row) and (after is None or row.id > after[0])]
    return Page(rows[:limit], (rows[limit - 1].id,) if len(rows) > limit else None)


def shown_schools(session: Session, row: Channel) -> list[str]:
    """The schools of a channel as far as the session may see them."""
    return [school for school in row.schools if scope_of(session).allows(school)]


def enabled(session: Session) -> Sequence[Channel]:
    return session.exec(select(Channel).where(Channel.enabled)).all()


def disable(session: Session, channel_id: str, reason: str) -> None:
    """Stops a channel; `reason` is shown to whoever looks why."""
    row = find(session, channel_id)
    if row is not None:
        row.enabled, row.disabled_reason = False, reason
        session.add(row)
        session.flush()


def _concerns(scope: Scope, row: Channel) -> bool:
    return not row.schools or scope.every_school or any(scope.allows(school) for school in row.schools)
