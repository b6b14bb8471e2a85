"""Channels: who is told, read whole only here and in delivery; their secrets never leave the service."""

from collections.abc import Sequence

from sqlmodel import Session, select

from safety_service.domain.errors import NotFound
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables_outbox import Channel


def find(session: Session, channel_id: str) -> Channel | None:
    return session.exec(select(Channel).where(Channel.id == channel_id)).one_or_none()


def get(session: Session, channel_id: str) -> Channel:
    """Raises NotFound."""
    row = find(session, channel_id)
    if row is None:
        raise NotFound(f"there is no channel {channel_id!r}", place="path.channel_id")
    return row


def list_page(session: Session, after: Key | None, limit: int) -> Page[Channel]:
    return page(session, select(Channel), [Channel.id], after=after, limit=limit)


def enabled(session: Session) -> Sequence[Channel]:
    return session.exec(select(Channel).where(Channel.enabled)).all()


def disable(session: Session, channel_id: str, reason: str) -> None:
    """Stops a channel; `reason` is shown to whoever looks why."""
    row = find(session, channel_id)
    if row is not None:
        row.enabled, row.disabled_reason = False, reason
        session.add(row)
        session.flush()
