"""What a run has done to the history: counted from the database, never from what the service says."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, text

ZEROS = ("lost", "doubled", "raised_twice", "repeated", "gaps")


class Tally(msgspec.Struct):
    """`gaps`: missing or repeated numbers of the history; `newest`: its last number; `wrong`: the rest."""

    stored: int
    lost: int
    doubled: int
    raised_twice: int
    gaps: int
    newest: int
    wrong: list[str]


class Verdict(msgspec.Struct, kw_only=True):
    """One run. `harms`: how often harm was done, all of it under load; memory over all processes."""

    fault: str
    pair: str
    harms: int = 0
    published: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    raised_twice: int = 0
    repeated: int = 0
    gaps: int = 0
    peak_mb: float = 0.0
    catch_up_seconds: float = 0.0
    wrong: list[str] = []

    @property
    def clean(self) -> bool:
        return not self.wrong and not any(getattr(self, name) for name in ZEROS)


def count(engine: Engine, sent: set[str]) -> Tally:
    """`sent`: ids of the events that the publisher holds for delivered; others are the service's own."""
    with engine.connect() as connection:
        ids = [event for event in _column(connection, "SELECT event_id FROM event") if event in sent]
        raised = _column(connection, "SELECT alert_id FROM alert_transition WHERE change = 'raised'")
        numbers = _column(connection, "SELECT number FROM alert_transition ORDER BY number")
        newest = max(numbers, default=0)
        return Tally(
            stored=len(ids),
            lost=len(sent - set(ids)),
            doubled=_repeats(ids),
            raised_twice=_repeats(raised) + _firing_twice(connection),
            gaps=newest - len(set(numbers)) + _repeats(numbers),
            newest=newest,
            wrong=[*_presses(connection), *_refused(connection), *_untold(connection)],
        )


def _firing_twice(connection: Connection) -> int:
    """Alerts beyond the first that fire for one rule and key."""
    statement = """SELECT count(*) FROM alert WHERE condition = 'firing' AND EXISTS (SELECT 1 FROM alert other
        WHERE other.condition = 'firing' AND other.rule = alert.rule AND other.key = alert.key
        AND other.id < alert.id)"""
    return _number(connection, statement)


def _presses(connection: Connection) -> list[str]:
    """Every press of a panic button counts, and counts once."""
    presses = _number(
        connection, "SELECT count(*) FROM event WHERE kind = 'panic_button' AND phase = 'pulse'"
    )
    counted = _number(connection, "SELECT coalesce(sum(count), 0) FROM alert WHERE rule = 'panic-button'")
    if presses == 0:
        return ["the load held no press of a panic button"]
    return [] if counted == presses else [f"{presses} presses of panic buttons, {counted} counted"]


def _refused(connection: Connection) -> list[str]:
    """Everything published is readable: a rejection is a message that the pipeline gave up."""
    statement = "SELECT reason, count(*) FROM message_rejected GROUP BY reason ORDER BY reason"
    return [f"{number} messages rejected: {reason}" for reason, number in connection.execute(text(statement))]


def _untold(connection: Connection) -> list[str]:
    """Every raise has its notification, written in the same transaction."""
    statement = """SELECT count(*) FROM alert_transition raised WHERE raised.change = 'raised' AND NOT EXISTS
        (SELECT 1 FROM notification WHERE notification.transition = raised.number)"""
    untold = _number(connection, statement)
    return [f"{untold} raises without a notification"] if untold else []


def waiting(engine: Engine) -> int:
    """Notifications that still have to be sent."""
    with engine.connect() as connection:
        return _number(connection, "SELECT count(*) FROM notification WHERE state = 'waiting'")


def given_up(engine: Engine) -> int:
    """Notifications that will never be sent, though the receiver took everything that it was given."""
    with engine.connect() as connection:
        return _number(connection, "SELECT count(*) FROM notification WHERE state = 'failed'")


def stored(engine: Engine) -> int:
    """How many of the load's events there are by now."""
    with engine.connect() as connection:
        return _number(connection, "SELECT count(*) FROM event WHERE event_id LIKE 'load-%'")


def fence(engine: Engine) -> int:
    """How often the partition has changed hands."""
    with engine.connect() as connection:
        return _number(connection, "SELECT max(fence) FROM lease")


def _column(connection: Connection, statement: str) -> list[Any]:
    return list(connection.execute(text(statement)).scalars())


def _number(connection: Connection, statement: str) -> int:
    return int(connection.execute(text(statement)).scalar_one())


def _repeats(values: Iterable[object]) -> int:
    return sum(times - 1 for times in Counter(values).values())
