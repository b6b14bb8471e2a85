"""A batch of raw messages becomes durable; only after that may anybody acknowledge it."""

from collections.abc import Sequence

from sqlalchemy import Engine

from safety_service.domain.types import Message
from safety_service.store import leases, messages
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope


class Writer:
    """Appends batches to one partition's log, for as long as the lease is held under this fence.

    The service's own receipts come back to it on its subscription; they are not kept.

    Raises Unavailable while the database is away (the caller keeps the batch and tries again), Superseded
    once another process has taken the lease: then nothing was and nothing will be written.
    """

    def __init__(self, engine: Engine, partition: int, lease: str, fence: int) -> None:
        self._engine = engine
        self._partition = partition
        self._lease = lease
        self._fence = fence

    def __call__(self, batch: Sequence[Message]) -> int:
        """Commits the batch and returns the log position of its last message, 0 if none was worth keeping."""
        batch = [message for message in batch if not _is_receipt(message)]
        if not batch:
            return 0
        with session_scope(self._engine, EVERY_SCHOOL, write=True) as session:
            leases.hold(session, self._lease, self._fence)
            return messages.append(session, self._partition, batch)


def store_batch(engine: Engine, partition: int, batch: Sequence[Message]) -> int:
    """Commits a batch of messages that did not come through the broker; raises Unavailable."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        return messages.append(session, partition, batch)


def _is_receipt(message: Message) -> bool:
    topic = message.topic
    return "/receipts/" in topic and message.origin == "mqtt" and topic.split("/")[3:4] == ["receipts"]
