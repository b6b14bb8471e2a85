"""Decides about deliveries: what an answer means, when to try again, whose turn it is."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import msgspec

from safety_service.domain.places import Place
from safety_service.domain.types import Alert, Transition

Verdict = Literal["accepted", "retry", "failed"]

LONGEST_ANSWER = 2000
"""Characters of a receiver's answer that are kept."""
LONGEST_WAIT = timedelta(hours=24)
TRIED_FOR = timedelta(days=3)
FEWEST_ATTEMPTS = 10
"""Even a row that is older than TRIED_FOR, because the service was down, is tried so often."""
JITTER = 0.2
HEALTHY_SLOTS = 20
SLOW_SLOTS = 4
FAILING_SLOTS = 1
SLOW_SECONDS = 1.0
DIGEST, TRIAL = "alert.digest", "channel.test"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: `id` is the same over all attempts, `type` such as `alert.raised`, `data` is JSON.

    `place`, `link` (where the alert is handled) and `picture` (a link that shows the image to anybody) are
    for the texts that people read. `parts`: the notices that a digest stands for.
    """

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]
    place: Place | None = None
    link: str | None = None
    picture: str | None = None
    parts: tuple["Notice", ...] = ()


class HttpAnswer(msgspec.Struct, frozen=True):
    """What an HTTP receiver said; `retry_after` is the header as it came."""

    status: int
    body: str
    retry_after: str | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt came to. `disable`: why the channel must not be used any more."""

    verdict: Verdict
    answer: str
    wait_seconds: float = 0
    disable: str | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the outbox that may be sent now; `rank` as in SEVERITY_RANK.

    `vital`: of a life-safety kind, which no limit of ours may hold up.
    """

    id: int
    school: str
    critical: bool
    rank: int
    vital: bool = False


def notice_of(
    notification: int,
    number: int,
    alert: Alert,
    transition: Transition,
    *,
    place: Place | None = None,
    link: str | None = None,
    picture: str | None = None,
) -> Notice:
    """The message about one transition: the alert's contract fields as they were meant at that moment.

    The alert may have moved on since: condition and severity are those of the transition.
    """
    data = msgspec.structs.asdict(alert)
    for inner in ("rule_version", "detail"):
        del data[inner]
    data |= {"key": list(alert.key), "severity": transition.severity, "condition": transition.condition}
    if transition.condition == "firing":
        data["resolved_at"] = None
    if "obligation" in alert.detail:
        # The title is the rule's, the same for all that is owed: which of it is meant nobody could tell.
        data["owed"] = {"title": alert.detail.get("title"), "due_at": alert.detail.get("due_at")}
    step = {name: getattr(transition, name) for name in ("change", "at", "actor", "reason", "comment")}
    data["transition"] = {"number": number, **step}
    if transition.change == "escalated":
        data["transition"]["detail"] = transition.detail
    return Notice(
        id=str(notification),
        type=f"alert.{transition.change}",
        timestamp=transition.at,
        data=data,
        place=place,
        link=link,
        picture=picture,
    )


def digest_notice(parts: Sequence[Notice]) -> Notice:
    """One notice that stands for several of one channel, problems before recoveries, else in their order.

    Within each half the schools take turns as before, so that what is cut off at the end is a storm's.
    """
    ordered = sorted(parts, key=lambda part: part.type == "alert.resolved")
    latest = max(part.timestamp for part in parts)
    link = next((part.link for part in ordered if part.link), None)
    return Notice(
        id=f"digest-{min(int(part.id) for part in parts)}",
        type=DIGEST,
        timestamp=latest,
        data={"count": len(ordered)},
        link=link.partition("?")[0] if link else None,
        parts=tuple(ordered),
    )


def trial_notice(unique: str, channel: str, by: str, now: datetime, *, place: Place | None = None) -> Notice:
    """What the test button sends: it looks like nothing that could be taken for an alert."""
    title = {"zh": "测试消息：通道可用", "en": "Test message: this channel works"}
    return Notice(
        id=f"test-{unique}",
        type=TRIAL,
        timestamp=now,
        data={"title": title, "channel": channel, "by": by},
        place=place,
    )


def kept(text: str) -> str:
    """An answer as it can be stored: without NUL, which PostgreSQL refuses, and not beyond the limit."""
    return text.replace("\x00", "\ufffd")[:LONGEST_ANSWER]


def judge_http(answer: HttpAnswer, now: datetime) -> Reply:
    """2xx is accepted; 5xx, 408 (the receiver's timeout) and 429 are tried again; 410 ends the channel."""
    text = kept(f"HTTP {answer.status}\n{answer.body}".strip())
    if 200 <= answer.status <= 299:
        return Reply(verdict="accepted", answer=text)
    if answer.status >= 500 or answer.status in {408, 429}:
        return Reply(verdict="retry", answer=text, wait_seconds=_asked_wait(answer.retry_after, now))
    if answer.status == 410:
        gone = "the receiver answered 410 Gone: it wants no more messages"
        return Reply(verdict="failed", answer=text, disable=gone)
    return Reply(verdict="failed", answer=text)


def next_attempt(
    attempts: int, created_at: datetime, now: datetime, *, chance: float, wait_seconds: float = 0
) -> datetime | None:
    """When to try again after the `attempts`-th failure, None when it is given up.

    The pause doubles from one second up to 24 hours, give or take a fifth (`chance`: 0 to 1), and is never
    shorter than what the receiver asked for. The last attempt comes about three days after the first.
    """
    if now - created_at >= TRIED_FOR and attempts >= FEWEST_ATTEMPTS:
        return None
    doubled = 2.0 ** min(attempts - 1, 17)
    pause = doubled * (1 - JITTER + 2 * JITTER * chance)
    seconds = min(max(pause, wait_seconds), LONGEST_WAIT.total_seconds())
    return now + timedelta(seconds=seconds)


def slots(verdict: Verdict, seconds: float) -> int:
    """How many messages a channel may have in hand, by how its last one went.

    A receiver that is away costs one thread, not the pool; behind a slow one no long queue is taken, so that
    a critical alert that comes later need not wait for it.
    """
    if verdict == "retry":
        return FAILING_SLOTS
    return SLOW_SLOTS if seconds > SLOW_SECONDS else HEALTHY_SLOTS


def take_turns(waiting: Sequence[Waiting], last_turns: Mapping[str, int], free: int) -> list[Waiting]:
    """Which rows of one channel go next, in order: critical first, and school by school in turn.

    `last_turns`: the number of each school's last turn; the one whose turn is longest ago comes first. A
    quarter of the slots is kept for the rest, so that not even a storm of critical alerts holds up others.
    """
    critical = [row for row in waiting if row.critical]
    rest = [row for row in waiting if not row.critical]
    reserved = min(len(rest), free // 4)
    first = _round_robin(critical, last_turns, free - reserved)
    return first + _round_robin(rest, last_turns, free - len(first))


def _round_robin(waiting: Sequence[Waiting], last_turns: Mapping[str, int], free: int) -> list[Waiting]:
    queues: dict[str, deque[Waiting]] = {}
    for row in sorted(waiting, key=lambda row: (-row.rank, row.id)):
        queues.setdefault(row.school, deque()).append(row)
    # Schools that never had a turn come first, the earlier row before the later.
    order = deque(sorted(queues, key=lambda school: (last_turns.get(school, 0), queues[school][0].id)))
    taken: list[Waiting] = []
    while order and len(taken) < free:
        school = order.popleft()
        taken.append(queues[school].popleft())
        if queues[school]:
            order.append(school)
    return taken


def _asked_wait(retry_after: str | None, now: datetime) -> float:
    """Seconds of a Retry-After header in either of its forms; 0 where it says nothing sensible."""
    if retry_after is None:
        return 0
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), int(LONGEST_WAIT.total_seconds())))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
