"""Watches how much memory the service takes, over all of its processes."""

import threading
from collections.abc import Callable, Sequence

import psutil

_EVERY_SECONDS = 0.2


class MemoryWatch:
    """`peak` is the highest sum of resident memory seen so far, in bytes."""

    def __init__(self, processes: Callable[[], Sequence[psutil.Process]]) -> None:
        self.peak = 0
        self._processes = processes
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_SECONDS):
            self.peak = max(self.peak, sum(map(_resident, self._processes())))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
