"""Batches of the message log, read and decoded before the transaction that stores them."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec
from sqlalchemy import Engine as Database
from sqlmodel import Session

from safety_service.domain.types import Message
from safety_service.services.intake import Decoder, Intake
from safety_service.store import messages
from safety_service.store.dialect import is_server
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope


class DecodedBatch(msgspec.Struct, frozen=True):
    """What `decoder` made of the messages that follow the position `after`."""

    after: int
    decoder: Decoder
    messages: Sequence[Message]
    intake: Intake

    @property
    def ends_at(self) -> int:
        return self.messages[-1].position if self.messages else self.after

    def follows(self, cursor: int, decoder: Decoder) -> bool:
        """Whether it is the batch behind the cursor, read with what is known now."""
        return self.after == cursor and self.decoder is decoder

    def with_more(self, rest: "DecodedBatch") -> "DecodedBatch":
        """This one and the one behind it."""
        events = [*self.intake.events, *rest.intake.events]
        refused = [*self.intake.refused, *rest.intake.refused]
        messages = [*self.messages, *rest.messages]
        return DecodedBatch(self.after, self.decoder, messages, Intake(events, refused))


class BatchReader:
    """Reads one partition outside the transaction: on SQLite that holds up whoever else writes.

    Where the database is a server, this process would only wait for it during the transaction: the batch
    after the next one is read meanwhile, in a thread that `close` ends.
    """

    def __init__(self, database: Database, partition: int) -> None:
        self._database = database
        self._partition = partition
        self._meanwhile = ThreadPoolExecutor(1, "read-ahead") if is_server(database) else None
        self._coming: Future[DecodedBatch] | None = None

    def close(self) -> None:
        if self._meanwhile is not None:
            self._meanwhile.shutdown()

    def forget(self) -> None:
        """What is being read ahead is of no use any more."""
        self._coming = None

    def next(self, decoder: Decoder, cursor: int, limit: int) -> DecodedBatch:
        """The batch behind the cursor. What was read ahead is filled up with what has come in since."""
        coming, self._coming = self._coming, None
        batch = coming.result() if coming is not None else None
        if batch is None or not batch.follows(cursor, decoder):
            batch = self._read_now(decoder, cursor, limit)
        elif len(batch.messages) < limit:
            batch = batch.with_more(self._read_now(decoder, batch.ends_at, limit - len(batch.messages)))
        if self._meanwhile is not None and len(batch.messages) == limit:
            self._coming = self._meanwhile.submit(self._read_now, decoder, batch.ends_at, limit)
        return batch

    def read(self, session: Session, decoder: Decoder, after: int, limit: int) -> DecodedBatch:
        """The same within a transaction that has begun."""
        fresh = messages.read_after(session, self._partition, after, limit)
        return DecodedBatch(after, decoder, fresh, decoder.read(fresh))

    def _read_now(self, decoder: Decoder, after: int, limit: int) -> DecodedBatch:
        with session_scope(self._database, EVERY_SCHOOL) as session:
            return self.read(session, decoder, after, limit)
