"""Retention: what is older than the settings keep goes, while the service runs and nobody waits for it.

Raw messages go only when they are processed. Alerts, history, inspections, notifications and hourly counts
stay. On PostgreSQL whole days go, so that something may stay for up to a day (keys: a month) longer.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

import msgspec
import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.domain.errors import Unavailable
from safety_service.settings import Settings
from safety_service.store import idempotency, pieces, retention, wal
from safety_service.store.pieces import Piece
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

FIRST_STEP_ROWS = 200
FEWEST_ROWS, MOST_ROWS = 20, 20_000
STEP_SECONDS = 0.012
"""How long a step should hold SQLite's write lock: the receiver commits between the steps."""
ATTEMPTS = 20
PAUSE_SECONDS = 0.1

OnStep = Callable[[str, int], None]
Remove = Callable[..., int]

log = structlog.get_logger(__name__)


class Pruned(msgspec.Struct, frozen=True):
    """Rows, by what they are; on PostgreSQL as the database estimates them."""

    messages: int = 0
    events: int = 0
    rejected: int = 0
    answers: int = 0


class Limits(msgspec.Struct, frozen=True):
    """What was received, or happened, before these may go."""

    messages: datetime
    events: datetime


class Stepper:
    """Removes in small steps that adapt their size to how long they take."""

    def __init__(self, engine: Engine, rows: int, on_step: OnStep) -> None:
        self._engine = engine
        self._rows = rows
        self._on_step = on_step

    def until_none(self, what: str, remove: Remove) -> int:
        """Calls `remove(session, limit=rows)`, each in a transaction of its own, until it removes fewer."""
        total = 0
        while True:
            wanted = self._rows
            with self._timed() as session:
                removed = remove(session, limit=wanted)
            total += removed
            self._on_step(what, removed)
            if removed < wanted:
                return total

    @contextmanager
    def _timed(self) -> Iterator[Session]:
        with wal.kept_short_later(self._engine) as defer:
            with session_scope(self._engine, EVERY_SCHOOL, write=True) as session:
                defer(session)
                # The wait for the lock is not the time for which it is held.
                started = time.perf_counter()
                yield session
            held = time.perf_counter() - started
        self._rows = next_rows(self._rows, held)
        # As long as it was held: whoever queued for it meanwhile gets it, and readers get the processor.
        time.sleep(min(held, PAUSE_SECONDS))


def next_rows(rows: int, held_seconds: float) -> int:
    """How many rows the next step takes after one of `rows` that took so long: a quarter more at most."""
    fitting = rows * min(STEP_SECONDS / max(held_seconds, 1e-6), 1.25)
    return max(FEWEST_ROWS, min(MOST_ROWS, int(fitting)))


def due(engine: Engine, settings: Settings, now: datetime) -> Pruned:
    """What `prune` would remove now, the kept answers of idempotent writes not counted."""
    limits = _limits(settings, now)
    with session_scope(engine, EVERY_SCHOOL) as session:
        rejected = retention.count_rejected(session, limits.events)
        if engine.dialect.name == "postgresql":
            old = {
                table: retention.old_pieces(session, table, before)
                for table, before in (("message", limits.messages), ("event", limits.events))
            }
            rows = {
                table: sum(retention.count_rows(session, p) for p in found) for table, found in old.items()
            }
            return Pruned(messages=rows["message"], events=rows["event"], rejected=rejected)
        return Pruned(
            messages=sum(
                retention.count_messages(session, partition, limits.messages)
                for partition in retention.partitions(session)
            ),
            events=retention.count_events(session, limits.events),
            rejected=rejected,
        )


def prune(
    engine: Engine,
    settings: Settings,
    now: datetime,
    *,
    first_rows: int = FIRST_STEP_ROWS,
    on_step: OnStep = lambda _what, _rows: None,
) -> Pruned:
    """Removes it in pieces, each in a transaction of its own; `on_step("messages", 2000)` after each."""
    limits = _limits(settings, now)
    stepper = Stepper(engine, first_rows, on_step)
    rejected = stepper.until_none("rejected", partial(retention.remove_rejected, before=limits.events))
    if engine.dialect.name == "postgresql":
        _drop_old(engine, pieces.MONTHLY, limits.events, lambda _what, _rows: None)
        events = _drop_old(engine, "event", limits.events, on_step)
        messages = _drop_old(engine, "message", limits.messages, on_step)
    else:
        events = _remove_events(engine, stepper, limits.events)
        messages = _remove_messages(engine, stepper, limits.messages)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        answers = idempotency.forget_before(session, now - timedelta(hours=settings.idempotency_hours))
    return Pruned(messages=messages, events=events, rejected=rejected, answers=answers)


def _limits(settings: Settings, now: datetime) -> Limits:
    return Limits(
        messages=now - timedelta(days=settings.keep_messages_days),
        events=now - timedelta(days=settings.keep_events_days),
    )


def _remove_events(engine: Engine, stepper: Stepper, before: datetime) -> int:
    with session_scope(engine, EVERY_SCHOOL) as session:
        since = retention.oldest_key(session)
    if since is None:
        return 0
    # Keys first: a run that ends between the two finds by the oldest event where the next one goes on.
    stepper.until_none("keys", partial(retention.remove_event_keys, since=since, before=before))
    return stepper.until_none("events", partial(retention.remove_events, before=before))


def _remove_messages(engine: Engine, stepper: Stepper, before: datetime) -> int:
    with session_scope(engine, EVERY_SCHOOL) as session:
        partitions = retention.partitions(session)
    total = 0
    for partition in partitions:
        remove = partial(retention.remove_messages, partition=partition, before=before)
        total += stepper.until_none("messages", remove)
    return total


def _drop_old(engine: Engine, table: str, before: datetime, on_step: OnStep) -> int:
    with session_scope(engine, EVERY_SCHOOL) as session:
        old = retention.old_pieces(session, table, before)
    total = 0
    for piece in old:
        dropped = _drop(engine, piece)
        total += dropped
        on_step(f"{table}s", dropped)
    return total


def _drop(engine: Engine, piece: Piece) -> int:
    """How many rows went with the piece; 0 where it has to stay for now."""
    with session_scope(engine, EVERY_SCHOOL) as session:
        rows = retention.count_rows(session, piece)
    for _ in range(ATTEMPTS):
        try:
            with session_scope(engine, EVERY_SCHOOL, write=True) as session:
                return rows if retention.drop_piece(session, piece) else 0
        except Unavailable:
            time.sleep(PAUSE_SECONDS)
    log.warning("an old piece stays until the next run, it is in use", piece=piece.name)
    return 0
