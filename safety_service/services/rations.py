"""What each robot has been sent within the last minute, and how much it takes."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
from pydantic import ValidationError
from sqlmodel import Session

from safety_service.channels.table import CHANNELS
from safety_service.domain.rationing import WINDOW, Spent, emptied, still_spent
from safety_service.store import channels
from safety_service.store.tables_outbox import Channel

Attempt = tuple[int, int]
"""The number of a row and of its attempt: a row may be sent twice within a minute."""


def limits(session: Session) -> dict[str, int]:
    """Messages a minute of every enabled channel that has a limit."""
    found = ((row.id, _limit(row)) for row in channels.enabled(session))
    return {channel: limit for channel, limit in found if limit is not None}


def _limit(row: Channel) -> int | None:
    kind = CHANNELS.get(row.kind)
    if kind is None or kind.per_minute is None:
        return None
    read: Callable[..., int] = kind.per_minute
    try:
        return read(kind.config(**row.config))
    except ValidationError:
        return None


class Tokens(msgspec.Struct):
    """Tokens that are out, by channel. In this process' memory only: after a restart the robot's own limit
    holds, whose refusal leads to another attempt. Whoever uses it from several threads locks."""

    limits: Mapping[str, int] = msgspec.field(default_factory=dict)
    _spent: dict[str, dict[Attempt, Spent]] = msgspec.field(default_factory=dict)
    _pauses: dict[str, list[Spent]] = msgspec.field(default_factory=dict)

    def spent(self, channel: str, now: datetime) -> list[Spent]:
        """Tokens of this channel that have not come back."""
        mine = self._spent.get(channel, {})
        live = {attempt: one for attempt, one in mine.items() if one.at > now - WINDOW}
        self._spent[channel] = live
        return [*live.values(), *still_spent(self._pauses.get(channel, []), now)]

    def take(self, channel: str, attempt: Attempt, schools: frozenset[str], until: datetime) -> None:
        """A message is on its way, until `until` at the longest; when it arrives nobody knows yet."""
        if channel in self.limits:
            self._spent.setdefault(channel, {})[attempt] = Spent(until, schools)

    def sent(self, channel: str, attempt: Attempt, at: datetime | None) -> None:
        """The message was answered at `at`, and the minute begins; None: it was not sent after all."""
        known = self._spent.get(channel, {}).pop(attempt, None)
        if known is not None and at is not None:
            self._spent[channel][attempt] = Spent(at, known.schools)

    def pause(self, channel: str, until: datetime) -> None:
        """The robot asks for a pause: nothing but life safety before `until`."""
        self._pauses[channel] = emptied(self.limits[channel], until)

    def forget(self) -> None:
        """After the clock was set back its times mean nothing any more."""
        self._spent.clear()
        self._pauses.clear()
