"""The load: `device-simulator load` as a process of its own, QoS 1."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

_SAID = re.compile(r"sent (\d+), acknowledged (\d+).*, (\d+) per second, ([\d.]+) seconds")


class Published(msgspec.Struct, frozen=True):
    """What the publisher said at its end; `per_second` is acknowledged by the broker."""

    acknowledged: int
    per_second: float


class Publisher:
    """One running load."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def finish(self, seconds: float) -> Published:
        """Waits for its end. Raises AssertionError if a message was not acknowledged."""
        said, errors = self._process.communicate(timeout=seconds)
        found = _SAID.search(said)
        assert self._process.returncode == 0, errors[-500:]
        assert found is not None, said
        return Published(int(found[2]), float(found[3]))

    def end(self) -> None:
        if self.running:
            self._process.terminate()
            self._process.communicate(timeout=10)


@contextmanager
def load(
    broker_url: str, messages: int, *, schools: int, devices: int, rate: int | None = None, window: int = 4000
) -> Iterator[Publisher]:
    """A load that has begun; it is ended with the block."""
    pace = ["--rate", str(rate)] if rate else []
    run = ["--run", f"b{time.monotonic_ns():x}", "--window", str(window)]
    size = ["--messages", str(messages), "--schools", str(schools), "--devices", str(devices)]
    process = subprocess.Popen(
        [sys.executable, "-m", "device_simulator", "load", "--broker", broker_url, *size, *pace, *run],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    publisher = Publisher(process)
    try:
        yield publisher
    finally:
        publisher.end()
