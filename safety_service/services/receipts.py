"""The receipts of one partition: kept with the events, handed out for publishing only after the commit."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlmodel import Session

from safety_service.domain.decoding.sequences import sequences_in
from safety_service.domain.receipts import Key, Numbered, Numbering, observe, tick
from safety_service.domain.types import Event, Message
from safety_service.store import gateways

log = structlog.get_logger(__name__)

PAUSE = timedelta(seconds=1)
"""A gateway gets at most one receipt in it."""


class Receipt(NamedTuple):
    """Every message of the gateway up to `sequence` is committed."""

    school: str
    gateway: str
    sequence: int

    @property
    def topic(self) -> str:
        return f"campus/v1/{self.school}/receipts/{self.gateway}"

    @property
    def payload(self) -> bytes:
        return b'{"sequence": %d}' % self.sequence


class Ledger:
    """What a pipeline knows of its gateways' numbers. After a rollback it is wrong: load it anew."""

    def __init__(self, states: dict[Key, Numbering]) -> None:
        self._states = states
        self._open = {key: state for key, state in states.items() if state.is_open}
        self._published: dict[Key, Receipt] = {}
        self._published_at: dict[Key, datetime] = {}
        self._owed: set[Key] = set(states)

    @classmethod
    def load(cls, session: Session, schools: Collection[str] | None = None) -> "Ledger":
        """As it was last committed; every receipt counts as not yet published."""
        return cls(gateways.load(session, schools))

    def take_in(
        self, session: Session, decoded: Iterable[Event], refused: Sequence[Message], now: datetime
    ) -> list[Event]:
        """Notes the numbers of a batch, repeats included, and returns the `sequence_gap` events to store.

        `refused`: messages of known schools that could not be read. `now` while a backlog is worked off: when
        the batch was received, since what seems missing may be the next thing in the log.
        """
        touched = observe(self._states, decoded)
        if refused:
            touched |= observe(self._states, self._numbers_of(refused))
        for key, state in touched.items():
            self._note(key, state)
        result = tick(list(self._open.values()), now)
        for state in result.changed:
            touched[state.key] = state
            self._note(state.key, state)
        for lost in result.lost:
            log.error("gave up numbers that a gateway did not send again", **lost._asdict())
        gateways.save(session, touched.values())
        return result.events

    def due(self, now: datetime) -> list[Receipt]:
        """Receipts that changed, or are asked for, since they were handed out; call it after the commit."""
        found = []
        for key in sorted(self._owed):
            told_at = self._published_at.get(key)
            if told_at is not None and told_at <= now < told_at + PAUSE:
                continue
            self._owed.discard(key)
            state = self._states[key]
            receipt = Receipt(*key, state.covered)
            if state.covered >= 0 and (state.asked_again or self._published.get(key) != receipt):
                state.asked_again = False
                self._published[key], self._published_at[key] = receipt, now
                found.append(receipt)
        return found

    def forget_published(self) -> None:
        """The broker is a new one: a killed broker has forgotten the receipts that it kept."""
        self._published.clear()
        self._published_at.clear()
        self._owed = set(self._states)

    def _note(self, key: Key, state: Numbering) -> None:
        self._owed.add(key)
        if state.is_open:
            self._open[key] = state
        else:
            self._open.pop(key, None)

    def _numbers_of(self, refused: Sequence[Message]) -> Iterator[Numbered]:
        """Those that no event has brought already: a message with one bad field is kept and told as well."""
        distinct = {message.position: message for message in refused}
        for message in distinct.values():
            for number in sequences_in(message):
                state = self._states.get((number.school, number.gateway))
                if state is None or number.sequence > state.covered:
                    yield number
