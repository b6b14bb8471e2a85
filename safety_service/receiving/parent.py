"""The parent's side: starts the child, listens to its reports, and starts another when it ends or hangs."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import IO

import msgspec
import structlog

from safety_service.receiving.wire import Order, Publish, Report

log = structlog.get_logger(__name__)

HANGS_AFTER_SECONDS = 20.0
STARTS_WITHIN_SECONDS = 90.0
"""A machine with too much to do takes long to start one: killing it for that would start it for ever."""
RESTART_SECONDS = 1.0
STOP_SECONDS = 8.0

_encode = msgspec.json.Encoder().encode
_report: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


class Reserve:
    """A child that waits for its order with everything imported: a second that nobody has to wait for later.

    A service that starts, or a standby that takes over, hears the first message so much earlier.
    """

    def __init__(self) -> None:
        self._waiting: subprocess.Popen[bytes] | None = _spawn()

    def take(self) -> subprocess.Popen[bytes]:
        """The one that waits, else a new one."""
        process, self._waiting = self._waiting, None
        return process if process is not None and process.poll() is None else _spawn()

    def refill(self) -> None:
        if self._waiting is None:
            self._waiting = _spawn()

    def close(self) -> None:
        """Without an order it ends at once."""
        process, self._waiting = self._waiting, None
        if process is not None:
            process.communicate()


class ReceiverProcess:
    """Receives in a child process. `on_stored` runs when more was committed, in a thread of ours.

    `superseded` turns true for good when the child found that another process holds the lease.
    """

    def __init__(self, order: Order, on_stored: Callable[[], None], reserve: Reserve) -> None:
        self.report = Report()
        self.superseded = False
        self._order = order
        self._on_stored = on_stored
        self._reserve = reserve
        self._before = (0, 0, 0)
        self._stopping = threading.Event()
        self._heard_at = time.monotonic()
        self._has_reported = False
        self._process: subprocess.Popen[bytes] | None = None
        self._writing = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, name="receiver-child", daemon=True),
            threading.Thread(target=self._watch, name="receiver-watch", daemon=True),
        ]

    @property
    def alive(self) -> bool:
        process = self._process
        return process is not None and process.poll() is None and self.report.alive

    @property
    def link_since(self) -> datetime | None:
        return self.report.link_since if self.alive else None

    @property
    def received(self) -> int:
        return self._before[0] + self.report.received

    @property
    def committed(self) -> int:
        return self._before[1] + self.report.committed

    @property
    def connections(self) -> int:
        """How often the broker was reached, counting every child."""
        return self._before[2] + self.report.connections

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """The child commits and acknowledges what is in hand, then ends; one that does not is killed."""
        self._stopping.set()
        process = self._process
        if process is not None:
            self._close_orders(process)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(2.0)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hands a retained message to the child; False where there is none to take it."""
        process = self._process
        if process is None or process.stdin is None or not self.alive:
            return False
        try:
            with self._writing:
                process.stdin.write(_encode(Publish(topic, payload.decode())) + b"\n")
                process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def _run(self) -> None:
        while not self._stopping.is_set() and not self.superseded:
            process = self._begin()
            assert process.stdout is not None
            self._listen(process.stdout)
            self._close_orders(process)
            code = process.wait()
            last = self.report
            self._before = (self.received, self.committed, self.connections)
            self.report = Report(storing_fails_since=last.storing_fails_since)
            if not self._stopping.is_set() and not self.superseded:
                log.error("the receiver ended, starting another", exit_code=code)
                self._stopping.wait(RESTART_SECONDS)

    def _begin(self) -> subprocess.Popen[bytes]:
        process = self._reserve.take()
        self._heard_at, self._has_reported = time.monotonic(), False
        self._process = process
        assert process.stdin is not None
        try:
            with self._writing:
                process.stdin.write(_encode(self._order) + b"\n")
                process.stdin.flush()
        except OSError:
            pass  # it ended at once; the listener sees that
        if self._stopping.is_set():
            self._close_orders(process)
        return process

    def _listen(self, reports: IO[bytes]) -> None:
        for line in reports:
            committed = self.report.committed
            self.report = _report.decode(line)
            self._heard_at, self._has_reported = time.monotonic(), True
            if self.report.superseded:
                self.superseded = True
            if self.report.committed != committed:
                self._on_stored()

    def _watch(self) -> None:
        while not self._stopping.wait(1.0):
            process = self._process
            patience = HANGS_AFTER_SECONDS if self._has_reported else STARTS_WITHIN_SECONDS
            hangs = time.monotonic() - self._heard_at > patience or not self.report.alive
            if hangs and process is not None and process.poll() is None:
                log.error("the receiver hangs, killing it")
                process.kill()

    def _close_orders(self, process: subprocess.Popen[bytes]) -> None:
        try:
            with self._writing:
                if process.stdin is not None:
                    process.stdin.close()
        except OSError:
            pass  # nobody reads any more


def _spawn() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "safety_service.receiving"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
