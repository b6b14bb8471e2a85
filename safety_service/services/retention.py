"""Retention: what is older than the settings keep goes, in small steps, while the service runs.

Raw messages go only when they are processed and nobody may still want to replay them. Alerts, history,
inspections, notifications and hourly counts stay.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Engine

from safety_service.settings import Settings
from safety_service.store import idempotency, retention
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

STEP_ROWS = 2000
"""One step holds SQLite's write lock for a few milliseconds; the receiver commits between the steps."""

OnStep = Callable[[str, int], None]


class Pruned(msgspec.Struct, frozen=True):
    """Rows, by what they are."""

    messages: int = 0
    events: int = 0
    rejected: int = 0
    answers: int = 0


def due(engine: Engine, settings: Settings, now: datetime) -> Pruned:
    """What `prune` would remove now, the kept answers of idempotent writes not counted."""
    old_message, old_event = _limits(settings, now)
    with session_scope(engine, EVERY_SCHOOL) as session:
        return Pruned(
            messages=sum(
                retention.count_messages(session, partition, old_message)
                for partition in retention.partitions(session)
            ),
            events=retention.count_events(session, old_event),
            rejected=retention.count_rejected(session, old_event),
        )


def prune(
    engine: Engine,
    settings: Settings,
    now: datetime,
    *,
    step_rows: int = STEP_ROWS,
    on_step: OnStep = lambda _what, _rows: None,
) -> Pruned:
    """Removes it, each step in a transaction of its own; `on_step("messages", 2000)` after each."""
    old_message, old_event = _limits(settings, now)
    # Reasons first: the bytes of a message whose reason is gone may go in the same run.
    rejected = _until_none(engine, "rejected", old_event, step_rows, on_step)
    events = _until_none(engine, "events", old_event, step_rows, on_step)
    messages = _prune_messages(engine, old_message, step_rows, on_step)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        answers = idempotency.forget_before(session, now - timedelta(hours=settings.idempotency_hours))
    return Pruned(messages=messages, events=events, rejected=rejected, answers=answers)


def _limits(settings: Settings, now: datetime) -> tuple[datetime, datetime]:
    return now - timedelta(days=settings.keep_messages_days), now - timedelta(days=settings.keep_events_days)


def _until_none(engine: Engine, what: str, before: datetime, step_rows: int, on_step: OnStep) -> int:
    remove = {"events": retention.remove_events, "rejected": retention.remove_rejected}[what]
    total = 0
    while True:
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            removed = remove(session, before, step_rows)
        total += removed
        on_step(what, removed)
        if removed < step_rows:
            return total


def _prune_messages(engine: Engine, before: datetime, step_rows: int, on_step: OnStep) -> int:
    with session_scope(engine, EVERY_SCHOOL) as session:
        partitions = retention.partitions(session)
    total = 0
    for partition in partitions:
        behind: int | None = 0
        while behind is not None:
            with session_scope(engine, EVERY_SCHOOL, write=True) as session:
                removed, behind = retention.remove_messages(session, partition, before, behind, step_rows)
            total += removed
            on_step("messages", removed)
    return total
