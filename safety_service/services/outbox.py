"""The outbox between store and sending: claimed rows become tasks, results are settled."""

from datetime import datetime
from typing import Any

import msgspec
import structlog
from sqlmodel import Session

from safety_service.domain.delivery import Notice, Reply, next_attempt, notice_of
from safety_service.store import alerts, channels
from safety_service.store import notifications as store
from safety_service.store.tables_outbox import Channel, Notification

log = structlog.get_logger(__name__)

_POINTLESS = "not sent: this receiver was never told that the alert was raised"


class Delivered(msgspec.Struct, frozen=True):
    """What a run came to; `more`: something was delivered, so another run may find the next in line."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    more: bool = False


class Task(msgspec.Struct, frozen=True):
    """One claimed row with all that sending it needs."""

    id: int
    attempts: int
    created_at: datetime
    channel: str
    kind: str
    config: dict[str, Any]
    notice: Notice


class Result(msgspec.Struct, frozen=True):
    """What became of a task. `reply` None: nothing was sent, the claim is to be undone."""

    task: Task
    reply: Reply | None
    at: datetime


def gather(session: Session, rows: list[Notification]) -> list[Task]:
    """The claimed rows as they are sent.

    Resolves for receivers whom no raise ever reached are withheld instead (alerting rule 8).
    """
    steps = store.transitions_of(session, rows)
    about = {alert.id: alert for alert in alerts.read_many(session, list({row.alert_id for row in rows}))}
    configured: dict[str, Channel] = {row.id: row for row in channels.enabled(session)}
    tasks = []
    for row in rows:
        step, channel = steps[row.transition], configured[row.channel]
        if step.change == "resolved" and store.told_before(session, row) in {None, "resolved"}:
            store.settle_ended(session, row.id, _POINTLESS, store.WITHHELD)
            continue
        notice = notice_of(row.id, row.transition, about[row.alert_id], step)
        tasks.append(
            Task(row.id, row.attempts, row.created_at, row.channel, channel.kind, channel.config, notice)
        )
    return tasks


def settle(session: Session, result: Result, chance: float) -> Delivered:
    """Records what the receiver said and what follows from it."""
    task, reply, at = result.task, result.reply, result.at
    if reply is None:
        store.give_back(session, task.id, task.attempts, at)
        return Delivered()
    if reply.verdict == "accepted":
        store.settle_delivered(session, task.id, reply.answer, at)
        return Delivered(sent=1)
    again = None
    if reply.verdict == "retry":
        wait_seconds = reply.wait_seconds
        again = next_attempt(task.attempts, task.created_at, at, chance=chance, wait_seconds=wait_seconds)
    if again is not None:
        store.settle_retry(session, task.id, task.attempts, reply.answer, again)
        return Delivered(retried=1)
    store.settle_ended(session, task.id, reply.answer)
    log.warning("notification failed for good", notification=task.id, channel=task.channel)
    if reply.disable is not None:
        channels.disable(session, task.channel, reply.disable)
        store.end_all(session, task.channel, f"not sent: the channel was disabled: {reply.disable}")
    return Delivered(failed=1)


def total(parts: list[Delivered]) -> Delivered:
    """The sum of what several threads did."""
    sent = sum(part.sent for part in parts)
    retried, failed = sum(part.retried for part in parts), sum(part.failed for part in parts)
    return Delivered(sent, retried, failed, more=sent > 0)
