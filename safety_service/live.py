"""Wakes the streams of this process when transitions were committed, by whichever process."""

import asyncio
import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.2


class Hub:
    """Knows the newest transition number and tells every waiting stream when it grows.

    `read_newest` asks the database; it runs when this process wrote something (at once) and otherwise every
    200 ms while anybody listens, because another process may have written.
    """

    def __init__(self, read_newest: Callable[[], int]) -> None:
        self._read_newest = read_newest
        self._newest = 0
        self._wake = threading.Event()
        self._stopping = False
        self._lock = threading.Lock()
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)

    @property
    def newest(self) -> int:
        return self._newest

    @property
    def stopping(self) -> bool:
        return self._stopping

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and wakes every stream, so that each can end by itself."""
        self._stopping = True
        self._wake.set()
        self._tell(self._newest)
        if self._thread.is_alive():
            self._thread.join(2.0)

    def wake(self, at_least: int = 0) -> None:
        """Says that this process has committed transitions, up to that one or further; from any thread.

        Whoever knows a number spares the streams the question for it.
        """
        self._tell(at_least)
        self._wake.set()

    async def wait_beyond(self, number: int, timeout_seconds: float) -> bool:
        """Waits for a transition behind `number`; False when there was none in time."""
        told = asyncio.Event()
        with self._lock:
            if self._newest > number or self._stopping:
                return True
            self._waiting[told] = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(told.wait(), timeout_seconds)
        except TimeoutError:
            return False
        finally:
            with self._lock:
                self._waiting.pop(told, None)
        return True

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(POLL_SECONDS)
            woken, listened = self._wake.is_set(), bool(self._waiting)
            self._wake.clear()
            if not (woken or listened):
                continue
            try:
                newest = self._read_newest()
            except Exception as error:
                log.warning("cannot read the newest transition", error=str(error))
                self._wake.wait(1.0)
                continue
            self._tell(newest)

    def _tell(self, newest: int) -> None:
        with self._lock:
            if newest <= self._newest and not self._stopping:
                return
            self._newest = max(newest, self._newest)
            for told, loop in self._waiting.items():
                if not loop.is_closed():
                    loop.call_soon_threadsafe(told.set)
