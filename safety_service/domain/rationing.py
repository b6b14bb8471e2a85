"""Decides what a robot that takes only so many messages a minute is sent now: singly, or in one digest."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from safety_service.domain.delivery import Waiting

WINDOW = timedelta(minutes=1)
"""A token comes back so long after it was spent: in no minute more go out than the robot takes."""

MOST_IN_DIGEST = 500
"""Rows of one digest: so many are claimed and settled in one short transaction."""


class Spent(msgspec.Struct, frozen=True):
    """A token that a message took, `at` when it was sent, and the schools that the message was about."""

    at: datetime
    schools: frozenset[str] = frozenset()


class Ration(msgspec.Struct, frozen=True):
    """What to send now: each row of `single` alone, those of `digest` (never just one) together."""

    single: list[Waiting]
    digest: list[Waiting]


def still_spent(spent: Iterable[Spent], now: datetime) -> list[Spent]:
    """The tokens that have not come back yet."""
    return [one for one in spent if one.at > now - WINDOW]


def emptied(per_minute: int, until: datetime) -> list[Spent]:
    """All tokens gone up to `until`, because the robot itself asked for a pause."""
    return [Spent(until - WINDOW)] * per_minute


def ration(
    in_turn: Sequence[Waiting], spent: Iterable[Spent], per_minute: int, now: datetime, slots: int
) -> Ration:
    """Shares the tokens out among the rows of one robot, which come in their turn, critical first.

    Life safety takes a token but never waits for one. Critical rows go singly as far as the tokens reach and
    wait for the next otherwise. If there are not enough for all the rest, the rest goes in one digest.
    `slots`: how many messages may be on their way at once; what finds none waits.

    A quarter of the tokens is kept for critical rows, and another one for schools that have had none within
    the minute: so neither minor alerts nor another school's storm can hold up an alert.
    """
    gone = still_spent(spent, now)
    purse = _Purse(per_minute, len(gone), {school for one in gone for school in one.schools})
    single = [row for row in in_turn if row.vital][:slots]
    for row in single:
        purse.pay(row)
    for row in in_turn:
        if row.critical and not row.vital and len(single) < slots and purse.affords(row):
            purse.pay(row)
            single.append(row)
    rest = [row for row in in_turn if not row.critical and not row.vital]
    if len(single) >= slots or not rest:
        return Ration(single, [])
    affordable = _affordable(rest, purse)
    if len(affordable) == len(rest):
        return Ration(single + rest[: slots - len(single)], [])
    return Ration(single, rest[:MOST_IN_DIGEST] if affordable else [])


class _Purse:
    """The tokens that are left, and whom they may be given to."""

    def __init__(self, per_minute: int, gone: int, served: set[str]) -> None:
        self.left = per_minute - gone
        self.served = served
        self._quarter = per_minute // 4

    def affords(self, row: Waiting) -> bool:
        kept = self._quarter * ((not row.critical) + (row.school in self.served))
        return self.left > kept

    def pay(self, row: Waiting) -> None:
        self.left -= 1
        self.served.add(row.school)


def _affordable(rows: Sequence[Waiting], purse: _Purse) -> list[Waiting]:
    """Those that could each go alone; the first of them can pay for a digest too."""
    found = []
    for row in rows:
        if purse.affords(row):
            purse.pay(row)
            found.append(row)
    return found
