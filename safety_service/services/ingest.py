"""A batch of raw messages becomes durable; only after that may anybody acknowledge it."""

from collections.abc import Sequence

from sqlalchemy import Engine

from safety_service.domain.types import Message
from safety_service.store import messages
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope


def store_batch(engine: Engine, partition: int, batch: Sequence[Message]) -> int:
    """Commits the batch and returns the log position of its last message.

    Raises Unavailable while the database is away; the caller keeps the batch and tries again.
    """
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        return messages.append(session, partition, batch)
