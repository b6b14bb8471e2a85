"""A batch of raw messages becomes durable; only after that may anybody acknowledge it."""

from collections.abc import Sequence

from sqlalchemy import Engine

from safety_service.domain.types import Message
from safety_service.store import messages
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope


def store_batch(engine: Engine, partition: int, batch: Sequence[Message]) -> int:
    """Commits the batch and returns the log position of its last message, 0 if none was worth keeping.

    The service's own receipts come back to it on its subscription; they are not kept. Raises Unavailable
    while the database is away; the caller keeps the batch and tries again.
    """
    batch = [message for message in batch if "/receipts/" not in message.topic or not _is_receipt(message)]
    if not batch:
        return 0
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        return messages.append(session, partition, batch)


def _is_receipt(message: Message) -> bool:
    return message.origin == "mqtt" and message.topic.split("/")[3:4] == ["receipts"]
