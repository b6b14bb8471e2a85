"""Batches of the message log, read and decoded before the transaction that stores them."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec
from sqlalchemy import Engine as Database
from sqlmodel import Session

from safety_service.domain.snapshots import brings_image
from safety_service.domain.types import Message
from safety_service.services.intake import Decoder, Intake
from safety_service.services.snapshots import Keeper
from safety_service.store import messages
from safety_service.store.dialect import is_server
from safety_service.store.event_log import Refusal
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope


class DecodedBatch(msgspec.Struct, frozen=True):
    """What `decoder` made of the messages that follow the position `after`.

    `cut`: it ends early, before an image.
    """

    after: int
    decoder: Decoder
    messages: Sequence[Message]
    intake: Intake
    cut: bool = False

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
        images = {**self.intake.images, **rest.intake.images}
        messages = [*self.messages, *rest.messages]
        return DecodedBatch(self.after, self.decoder, messages, Intake(events, refused, images))

    def before_image(self) -> "DecodedBatch":
        """What comes before the first message with an image, all of it where there is none."""
        first = next((event.position for event in self.intake.events if brings_image(event)), None)
        if first is None:
            return self
        events = [event for event in self.intake.events if event.position < first]
        refused = [refusal for refusal in self.intake.refused if refusal.message.position < first]
        messages = [message for message in self.messages if message.position < first]
        return DecodedBatch(self.after, self.decoder, messages, Intake(events, refused), cut=True)


class BatchReader:
    """Reads one partition outside the transaction: on SQLite that holds up whoever else writes.

    Where the database is a server, this process would only wait for it during the transaction: the batch
    after the next one is read meanwhile, in a thread that `close` ends. `keeper`: who takes the images out.
    """

    def __init__(self, database: Database, partition: int, keeper: Keeper | None = None) -> None:
        self._database = database
        self._partition = partition
        self._keeper = keeper
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
        """The same within a transaction that has begun, up to the first image.

        Its file would hold up whoever else writes, so that batch is for `next`.
        """
        batch = self._decoded(session, decoder, after, limit)
        return batch if self._keeper is None else batch.before_image()

    def _read_now(self, decoder: Decoder, after: int, limit: int) -> DecodedBatch:
        with session_scope(self._database, EVERY_SCHOOL, autocommit=True) as session:
            batch = self._decoded(session, decoder, after, limit)
        if self._keeper is not None:
            kept = self._keeper.keep(batch.intake.events)
            batch.intake.images.update(kept.images)
            if kept.refused:
                came_in = {message.position: message for message in batch.messages}
                batch.intake.refused += [
                    Refusal(came_in[event.position], event.school, why) for event, why in kept.refused
                ]
        return batch

    def _decoded(self, session: Session, decoder: Decoder, after: int, limit: int) -> DecodedBatch:
        fresh = messages.read_after(session, self._partition, after, limit)
        return DecodedBatch(after, decoder, fresh, decoder.read(fresh))
