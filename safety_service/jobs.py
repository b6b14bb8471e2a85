"""APScheduler drives everything that is due: advance every second and at once, delivery, retention."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from safety_service.domain.errors import SafetyError

log = structlog.get_logger(__name__)

CLOCK_LOOK_SECONDS = 0.5
CLOCK_STEP_SECONDS = 1.0
"""A wall clock that went this much further than the steady one, or less far, was set by somebody."""


class Repeated:
    """A job that works until nothing is left, every `seconds` and whenever it is woken.

    `step` does one piece and says whether more is waiting. At most one step runs at a time; a wake during a
    step leads to one more, never to two at once.
    """

    def __init__(self, name: str, step: Callable[[], bool], seconds: float) -> None:
        self.name = name
        self.seconds = seconds
        self.last_success_at: datetime | None = None
        self._step = step
        self._running = threading.Lock()
        self._again = threading.Event()
        self._scheduler: BackgroundScheduler | None = None

    def schedule(self, scheduler: BackgroundScheduler) -> None:
        self._scheduler = scheduler
        scheduler.add_job(
            self.run,
            IntervalTrigger(seconds=self.seconds),
            id=self.name,
            max_instances=2,  # the second one only leaves its wish behind and goes
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC),
        )

    def wake(self) -> None:
        """Runs the job at once, or once more if it is running."""
        if self._again.is_set():
            return
        self._again.set()
        if not self._running.locked():
            self.run_soon()

    def run(self) -> None:
        if not self._running.acquire(blocking=False):
            self._again.set()
            return
        try:
            more = True
            while more:
                self._again.clear()
                more = self._step() or self._again.is_set()
                self.last_success_at = datetime.now(UTC)
        except SafetyError as error:
            log.error("job failed, trying again in a moment", job=self.name, error=str(error))
        except Exception:
            log.exception("job failed, trying again in a moment", job=self.name)
        else:
            self._running.release()
            # A wish that came after the last look and before the release would wait for the next tick.
            if self._again.is_set():
                self.run_soon()
            return
        self._running.release()
        self._again.clear()

    def run_soon(self) -> None:
        """Whenever the scheduler meant to run this next: now."""
        if self._scheduler is not None and self._scheduler.running:
            self._scheduler.modify_job(self.name, next_run_time=datetime.now(UTC))


class Jobs:
    """The scheduler with what runs on it.

    The scheduler reckons in wall time. When the wall clock is set back an hour, it would let everything rest
    for an hour: a thread of ours notices that, tells `on_clock_set` by how many seconds the clock went, and
    lets all repeated jobs run at once.
    """

    def __init__(
        self,
        repeated: list[Repeated],
        nightly: dict[str, Callable[[], None]],
        timezone: str,
        on_clock_set: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(8)}, timezone=UTC)
        self._repeated = repeated
        self._on_clock_set = on_clock_set
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._watch_clock, name="clock-watch", daemon=True)
        for name, run in nightly.items():
            # At a quiet hour of the county, not of the server.
            self._scheduler.add_job(run, CronTrigger(hour=3, timezone=timezone), id=name, coalesce=True)

    def start(self) -> None:
        for job in self._repeated:
            job.schedule(self._scheduler)
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Lets running jobs end; starts no new ones."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)

    def _watch_clock(self) -> None:
        ahead = time.time() - time.monotonic()
        while not self._stopping.wait(CLOCK_LOOK_SECONDS):
            before, ahead = ahead, time.time() - time.monotonic()
            if abs(ahead - before) > CLOCK_STEP_SECONDS:
                log.warning("the wall clock was set", seconds=round(ahead - before, 1))
                try:
                    self._on_clock_set(ahead - before)
                except SafetyError as error:
                    log.error("cannot follow the clock", error=str(error))
                for job in self._repeated:
                    job.run_soon()
