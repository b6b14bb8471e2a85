"""A repeated job: woken at once, never twice at a time, no wish lost, failures survived."""

import threading
import time
from collections.abc import Callable

import pytest

from safety_service.domain.errors import Unavailable
from safety_service.jobs import Jobs, Repeated

DEADLINE_SECONDS = 10.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


class Work:
    """Steps that count themselves, and notice when two run at once."""

    def __init__(self) -> None:
        self.steps = 0
        self.left = 0
        self.overlapped = False
        self.fail: Exception | None = None
        self._busy = threading.Lock()

    def __call__(self) -> bool:
        if not self._busy.acquire(blocking=False):
            self.overlapped = True
            return False
        try:
            self.steps += 1
            if self.fail is not None:
                raise self.fail
            self.left = max(0, self.left - 1)
            return self.left > 0
        finally:
            self._busy.release()


def started(work: Work, seconds: float) -> tuple[Repeated, Jobs]:
    job = Repeated("work", work, seconds)
    jobs = Jobs([job], {}, "UTC")
    jobs.start()
    return job, jobs


def test_works_until_nothing_is_left() -> None:
    work = Work()
    work.left = 5
    _, jobs = started(work, 3600)
    until(lambda: work.steps == 5)
    jobs.stop()


def test_a_wake_runs_it_at_once() -> None:
    work = Work()
    job, jobs = started(work, 3600)
    until(lambda: work.steps == 1)
    job.wake()
    until(lambda: work.steps == 2)
    jobs.stop()


def wake_often(job: Repeated) -> None:
    for _ in range(200):
        job.wake()


def test_many_wakes_from_many_threads_lose_no_wish_and_never_overlap() -> None:
    work = Work()
    job, jobs = started(work, 3600)
    until(lambda: work.steps >= 1)
    threads = [threading.Thread(target=wake_often, args=(job,), daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    before = work.steps
    job.wake()
    until(lambda: work.steps > before or not job._again.is_set())
    jobs.stop()
    assert not work.overlapped


def test_a_failure_is_survived_and_the_next_tick_tries_again() -> None:
    work = Work()
    work.fail = Unavailable("the database is away")
    job, jobs = started(work, 0.05)
    until(lambda: work.steps >= 2)
    assert job.last_success_at is None
    work.fail = None
    until(lambda: job.last_success_at is not None)
    jobs.stop()


class Clock:
    """The module `time` with a wall clock that can be set."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.monotonic = time.monotonic

    def time(self) -> float:
        return time.time() + self.ahead


@pytest.mark.parametrize("step", [-3600, 3600])
def test_when_the_clock_is_set_all_jobs_run_and_the_step_is_told(
    step: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, steps = Clock(), list[float]()
    monkeypatch.setattr("safety_service.jobs.time", clock)
    monkeypatch.setattr("safety_service.jobs.CLOCK_LOOK_SECONDS", 0.01)

    def follow(seconds: float) -> None:
        steps.append(seconds)
        raise Unavailable("the database is away")

    work = Work()
    jobs = Jobs([Repeated("work", work, 3600)], {}, "UTC", follow)
    jobs.start()
    until(lambda: work.steps == 1)
    clock.ahead = step
    until(lambda: work.steps == 2)
    jobs.stop()
    assert steps == [pytest.approx(step, abs=1)]
