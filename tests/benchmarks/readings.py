"""What the service says of itself while it runs: its counters, its backlog, its memory, again and again."""

import re
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
import psutil

_LINE = re.compile(r"^campus_(\w+) ([\d.e+]+)$", re.MULTILINE)


class Reading(msgspec.Struct, frozen=True):
    """Counters since the process began, at a monotonic second; by process, resident bytes and CPU seconds."""

    at: float
    received: int
    committed: int
    processed: int
    backlog: int
    memory: dict[str, int] = {}
    cpu: dict[str, float] = {}

    @property
    def resident(self) -> int:
        return sum(self.memory.values())


def read(address: str, pid: int | None = None) -> Reading:
    """One look at /metrics; with `pid` also at the memory and the CPU of that process and its children."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:
        found = dict(_LINE.findall(answer.read().decode()))
    processes = _processes(pid) if pid is not None else {}
    return Reading(
        at=time.monotonic(),
        received=int(float(found["messages_received_total"])),
        committed=int(float(found["messages_committed_total"])),
        processed=int(float(found["events_processed_total"])),
        backlog=int(float(found["backlog_messages"])),
        memory={name: memory for name, (memory, _) in processes.items()},
        cpu={name: cpu for name, (_, cpu) in processes.items()},
    )


def _processes(pid: int) -> dict[str, tuple[int, float]]:
    """(resident bytes, CPU seconds) of `serve` and of each of its children, in the order of their start."""
    parent = psutil.Process(pid)
    found = {"serve": _usage(parent)}
    for number, child in enumerate(parent.children(recursive=True), 1):
        try:
            found[f"child {number}"] = _usage(child)
        except psutil.NoSuchProcess:
            continue
    return found


def _usage(process: psutil.Process) -> tuple[int, float]:
    times = process.cpu_times()
    return process.memory_info().rss, times.user + times.system


def cpu_per_event(first: Reading, last: Reading) -> dict[str, float]:
    """CPU microseconds of each process for each event processed between the two."""
    events = max(1, last.processed - first.processed)
    return {name: (cpu - first.cpu.get(name, 0.0)) * 1e6 / events for name, cpu in last.cpu.items()}


class Watch:
    """Readings in a thread of its own, every so many seconds, for as long as the block lasts."""

    def __init__(self, address: str, pid: int, every_seconds: float) -> None:
        self.readings: list[Reading] = []
        self._address, self._pid, self._every = address, pid, every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            self.readings.append(read(self._address, self._pid))
            due = max(due + self._every, time.monotonic())
            self._stop.wait(due - time.monotonic())


@contextmanager
def watching(address: str, pid: int, every_seconds: float = 1.0) -> Iterator[Watch]:
    watch = Watch(address, pid, every_seconds)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


Timeline = Sequence[tuple[float, int]]
"""(monotonic second, count so far), rising."""


def rate_until(timeline: Timeline, end: float = float("inf")) -> float:
    """Counted a second from the last look before anything was counted to the last count up to `end`."""
    moving = [index for index, (_, count) in enumerate(timeline) if count > timeline[0][1]]
    if not moving:
        return 0.0
    first = timeline[moving[0] - 1]
    before = [point for point in timeline[moving[0] :] if point[0] <= end] or [timeline[moving[0]]]
    # The count stands still behind its end: those looks are not part of the time.
    last = next(point for point in before if point[1] == before[-1][1])
    return (last[1] - first[1]) / (last[0] - first[0])


def slope(timeline: Sequence[tuple[float, float]]) -> float:
    """The straight line through the points by least squares: counts a second."""
    if len(timeline) < 2:
        return 0.0
    middle_t = sum(t for t, _ in timeline) / len(timeline)
    middle_n = sum(n for _, n in timeline) / len(timeline)
    spread = sum((t - middle_t) ** 2 for t, _ in timeline)
    return sum((t - middle_t) * (n - middle_n) for t, n in timeline) / spread if spread else 0.0


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]
