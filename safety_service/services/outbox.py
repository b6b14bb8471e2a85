"""The outbox between store and sending: claimed rows become tasks, results are settled."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec
import structlog
from sqlmodel import Session

from safety_service.domain.delivery import Notice, Reply, digest_notice, kept, next_attempt, notice_of
from safety_service.domain.places import desk_link
from safety_service.domain.types import Alert
from safety_service.services.snapshot_links import Linker, is_signed
from safety_service.store import alerts, channels, places
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


class Home(msgspec.Struct, frozen=True):
    """What texts need to know of the service: the county's time zone, and its own address if it has one.

    `linker`: what makes links to images that open without a login.
    """

    timezone: str = "UTC"
    public_url: str | None = None
    linker: Linker | None = None


class Task(msgspec.Struct, frozen=True):
    """One claimed row with all that sending it needs; a digest stands for the rows of its `parts`."""

    id: int
    attempts: int
    created_at: datetime
    channel: str
    kind: str
    config: dict[str, Any]
    notice: Notice
    school: str
    parts: tuple["Task", ...] = ()

    @property
    def schools(self) -> frozenset[str]:
        return frozenset({self.school, *(part.school for part in self.parts)})


class Result(msgspec.Struct, frozen=True):
    """What became of a task. `reply` None: nothing was sent, the claim is to be undone."""

    task: Task
    reply: Reply | None
    at: datetime


def gather(
    session: Session, rows: list[Notification], home: Home, together: Collection[int] = frozenset()
) -> list[Task]:
    """The claimed rows as they are sent; those of a channel that are in `together` become one digest.

    Resolves for receivers whom no raise ever reached are withheld instead (alerting rule 8).
    """
    steps = store.transitions_of(session, rows)
    about = {alert.id: alert for alert in alerts.read_many(session, list({row.alert_id for row in rows}))}
    where = places.of_alerts(session, list(about.values()), home.timezone)
    configured: dict[str, Channel] = {row.id: row for row in channels.enabled(session)}
    tasks = []
    for row in rows:
        step, channel = steps[row.transition], configured[row.channel]
        if step.change == "resolved" and store.told_before(session, row) in {None, "resolved"}:
            store.settle_ended(session, row.id, _POINTLESS, store.WITHHELD)
            continue
        # A claim ends two minutes after this moment: the link lasts from then on.
        alert = _with_link(about[row.alert_id], home.linker, row.next_attempt_at)
        link = desk_link(home.public_url, alert.school, alert.id)
        picture = alert.snapshot_url if is_signed(alert.snapshot_url, home.public_url) else None
        notice = notice_of(
            row.id, row.transition, alert, step, place=where[alert.id], link=link, picture=picture
        )
        claimed = (row.id, row.attempts, row.created_at, row.channel)
        tasks.append(Task(*claimed, channel.kind, channel.config, notice, row.school))
    return [*_alone(tasks, together), *_digests(tasks, together)]


def _with_link(alert: Alert, linker: Linker | None, now: datetime) -> Alert:
    """The alert as others are told of it: they have no account here, so the image's link has its own key."""
    link = linker.link(alert.snapshot_url, now) if linker is not None else alert.snapshot_url
    return msgspec.structs.replace(alert, snapshot_url=link)


def _alone(tasks: Iterable[Task], together: Collection[int]) -> list[Task]:
    return [task for task in tasks if task.id not in together]


def _digests(tasks: Iterable[Task], together: Collection[int]) -> list[Task]:
    """One task for each channel that has rows in `together`."""
    parts: dict[str, list[Task]] = {}
    for task in tasks:
        if task.id in together:
            parts.setdefault(task.channel, []).append(task)
    return [mine[0] if len(mine) == 1 else _digest(mine) for mine in parts.values()]


def _digest(parts: list[Task]) -> Task:
    notice = digest_notice([part.notice for part in parts])
    return msgspec.structs.replace(parts[0], notice=notice, parts=tuple(parts))


def settle(session: Session, result: Result, chance: float) -> Delivered:
    """Records what the receiver said and what follows from it; of a digest, for each row it stood for."""
    task, reply, at = result.task, result.reply, result.at
    if task.parts:
        told = None if reply is None else _told_in_digest(reply, len(task.parts))
        return total([settle(session, Result(part, told, at), chance) for part in task.parts])
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


def _told_in_digest(reply: Reply, count: int) -> Reply:
    return msgspec.structs.replace(reply, answer=kept(f"in a digest of {count}\n{reply.answer}"))


def total(parts: list[Delivered]) -> Delivered:
    """The sum of what several threads did."""
    sent = sum(part.sent for part in parts)
    retried, failed = sum(part.retried for part in parts), sum(part.failed for part in parts)
    return Delivered(sent, retried, failed, more=sent > 0)
