"""Sends what the outbox owes: claim in one transaction, send outside any, settle in another."""

import random
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import Event, Lock
from types import TracebackType

import msgspec
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from safety_service.channels.http import TOTAL_SECONDS
from safety_service.channels.http import GuardedClient as GuardedClient
from safety_service.channels.http import open_client as open_guarded_client
from safety_service.channels.table import CHANNELS
from safety_service.domain.delivery import HEALTHY_SLOTS, Reply, Waiting, slots, take_turns
from safety_service.domain.errors import SafetyError
from safety_service.domain.rationing import MOST_IN_DIGEST, ration
from safety_service.services.outbox import Delivered, Home, Result, Task, gather, settle, total
from safety_service.services.rations import Tokens, limits
from safety_service.services.snapshot_links import linker_of
from safety_service.settings import Settings
from safety_service.store import notifications as store
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=120)
"""Longer than a lane needs at worst: five messages at the timeout each."""
LANES = 4
"""Messages of one claim that are on their way to the same channel at once."""
THREADS = 32
LIMIT = 200
LONGEST_REST = timedelta(seconds=60)
"""A receiver that asks for a pause gets it, but never so long that a critical alert is stuck behind it."""
SETTLE_AT_ONCE_SECONDS = 0.2
SETTLE_AGAIN_SECONDS = 0.5
"""The database is away: what was sent is kept in mind, for nobody else knows that it arrived."""


class _Clock(msgspec.Struct, frozen=True):
    """The time as it was given, going on by a clock that nobody sets back."""

    now: datetime
    started: float

    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def read(self) -> datetime:
        return self.now + timedelta(seconds=self.elapsed())


class Courier:
    """Delivers run by run, with a pool of threads; what a slow receiver has in hand outlives the run.

    It remembers whose turn it is and how each channel does. It may be forgotten at any moment: what a
    process had in hand when it died is sent again after the lease, under the same id.
    """

    def __init__(
        self,
        engine: Engine,
        client: GuardedClient,
        *,
        home: Home | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._engine = engine
        self._client = client
        self._home = home or Home()
        self._chance = chance
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="courier")
        self._closing = Event()
        self._lock = Lock()
        self._in_hand: dict[str, int] = {}
        self._slots: dict[str, int] = {}
        self._rest_until: dict[str, datetime] = {}
        self._tokens = Tokens()
        self._turn = 0
        self._last_turns: dict[str, dict[str, int]] = {}

    def __enter__(self) -> "Courier":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def closing(self) -> bool:
        """Whether it has been told to stop."""
        return self._closing.is_set()

    def close(self) -> None:
        """Waits for what is on its way; gives back what is not."""
        self._closing.set()
        self._pool.shutdown(wait=True)

    def follow_clock(self, now: datetime) -> None:
        """After the machine's clock was set back: nothing may wait until it has caught up."""
        with self._lock:
            self._rest_until.clear()
            self._tokens.forget()
        with session_scope(self._engine, EVERY_SCHOOL, write=True) as session:
            store.follow_clock(session, now, now + LEASE)

    def deliver(self, now: datetime, limit: int = LIMIT, *, patience: float | None = 1.0) -> Delivered:
        """Sends what is due, at most `limit` messages; waits `patience` seconds (None: to the end).

        What is not answered by then goes on beside the next run and is settled by its own thread, so that
        one slow receiver never holds up another.
        """
        clock = _Clock(now, time.monotonic())
        lanes: list[Future[Delivered]] = []
        for tasks in self._claim(now, limit).values():
            for first in range(min(LANES, len(tasks))):
                lane = tasks[first::LANES]
                lanes.append(self._pool.submit(self._work, lane, clock))
        done = wait(lanes, timeout=patience).done
        return total([lane.result() for lane in done])

    def _claim(self, now: datetime, limit: int) -> dict[str, list[Task]]:
        with self._lock:
            busy = [channel for channel in self._in_hand if self._free(channel) <= 0]
            busy += [channel for channel, until in self._rest_until.items() if now < until]
        with session_scope(self._engine, EVERY_SCHOOL) as session:
            if not store.any_due(session, now, busy):
                return {}
        with session_scope(self._engine, EVERY_SCHOOL, write=True) as session:
            known = limits(session)
            with self._lock:
                self._tokens.limits = known
            alone, together = self._choose(session, now, busy, limit)
            rows = store.claim(session, alone + together, now, now + LEASE)
            tasks = gather(session, rows, self._home, frozenset(together))
        claimed: dict[str, list[Task]] = {}
        for task in tasks:
            claimed.setdefault(task.channel, []).append(task)
        with self._lock:
            for task in tasks:
                self._tokens.take(task.channel, (task.id, task.attempts), task.schools, now + LEASE)
            for channel, mine in claimed.items():
                self._in_hand[channel] = self._in_hand.get(channel, 0) + len(mine)
        return claimed

    def _choose(
        self, session: Session, now: datetime, busy: list[str], limit: int
    ) -> tuple[list[int], list[int]]:
        """The rows that go alone, and those that go together with the others of their channel."""
        rationed = frozenset(self._tokens.limits)
        due = store.read_due(session, now, busy, HEALTHY_SLOTS, rationed, MOST_IN_DIGEST)
        alone: list[int] = []
        together: list[int] = []
        # The channel whose last turn is longest ago comes first, where the limit is less than is due.
        for channel in sorted(due, key=lambda name: max(self._last_turns.get(name, {}).values(), default=0)):
            with self._lock:
                free = min(self._free(channel), limit - len(alone))
            turns = self._last_turns.setdefault(channel, {})
            single, digest = self._share(channel, due[channel], free, now)
            for row in single + digest:
                self._turn += 1
                turns[row.school] = self._turn
            alone += [row.id for row in single]
            together += [row.id for row in digest]
        return alone, together

    def _share(
        self, channel: str, due: list[Waiting], free: int, now: datetime
    ) -> tuple[list[Waiting], list[Waiting]]:
        """Which rows of a channel go now: as many as it has slots, of a robot as many as it has tokens."""
        turns = self._last_turns[channel]
        if channel not in self._tokens.limits:
            return take_turns(due, turns, free), []
        with self._lock:
            spent = self._tokens.spent(channel, now)
        shared = ration(take_turns(due, turns, len(due)), spent, self._tokens.limits[channel], now, free)
        return shared.single, shared.digest

    def _free(self, channel: str) -> int:
        return self._slots.get(channel, HEALTHY_SLOTS) - self._in_hand.get(channel, 0)

    def _work(self, lane: list[Task], clock: _Clock) -> Delivered:
        """Sends one after the other and settles: at the end, or at once where the receiver is slow."""
        done: list[Delivered] = []
        unsettled: list[Result] = []
        for place, task in enumerate(lane):
            before = clock.elapsed()
            result = self._attempt(task, clock)
            unsettled.append(result)
            seconds = clock.elapsed() - before
            if seconds > SETTLE_AT_ONCE_SECONDS or place == len(lane) - 1:
                done.append(self._settle(unsettled, clock))
                unsettled = []
            self._learn(result, seconds)
        return total(done)

    def _attempt(self, task: Task, clock: _Clock) -> Result:
        too_late = clock.elapsed() > LEASE.total_seconds() - 2 * TOTAL_SECONDS
        if self._closing.is_set() or too_late:
            return Result(task, None, clock.read())
        try:
            kind = CHANNELS[task.kind]
            reply = kind.send(kind.config(**task.config), task.notice, self._client, clock.read())
        except Exception as error:
            # One channel's defect must not cost the others. The trace holds no values, so no secret.
            trace = "".join(traceback.format_exception(error))
            log.error("sending went wrong", channel=task.channel, notification=task.id, trace=trace)
            reply = Reply(verdict="retry", answer=f"not sent: {type(error).__name__}, see the service's log")
        return Result(task, reply, clock.read())

    def _settle(self, results: list[Result], clock: _Clock) -> Delivered:
        """Records the results: as long as the lease lasts, it is tried until the database takes them."""
        told = False
        while True:
            try:
                with session_scope(self._engine, EVERY_SCHOOL, write=True) as session:
                    return total([settle(session, result, self._chance()) for result in results])
            except (SafetyError, SQLAlchemyError) as error:
                if not told:
                    log.error("cannot record deliveries", count=len(results), error=str(error))
                    told = True
                left = LEASE.total_seconds() - clock.elapsed()
                if left <= 0 or self._closing.wait(min(left, SETTLE_AGAIN_SECONDS)):
                    # The lease brings the rows back; the receiver knows a repeat by its id.
                    return Delivered()

    def _learn(self, result: Result, seconds: float) -> None:
        task, reply = result.task, result.reply
        channel = task.channel
        with self._lock:
            self._in_hand[channel] -= 1
            self._tokens.sent(channel, (task.id, task.attempts), result.at if reply is not None else None)
            if reply is None:
                return
            self._slots[channel] = slots(reply.verdict, seconds)
            self._rest_until.pop(channel, None)
            if reply.wait_seconds > 0:
                until = result.at + min(timedelta(seconds=reply.wait_seconds), LONGEST_REST)
                if channel in self._tokens.limits:
                    self._tokens.pause(channel, until)
                else:
                    self._rest_until[channel] = until


def home_of(settings: Settings) -> Home:
    return Home(settings.timezone, settings.public_url, linker_of(settings))


def open_client(settings: Settings) -> GuardedClient:
    """The HTTP client of all channels; close it at the end."""
    return open_guarded_client(private_targets=settings.webhook_private_targets)


def deliver(engine: Engine, client: GuardedClient, now: datetime, limit: int = LIMIT) -> Delivered:
    """One run to its end, with nothing remembered from earlier ones; the service itself keeps a Courier."""
    with Courier(engine, client) as courier:
        return courier.deliver(now, limit, patience=None)
