"""A client of the live stream that resumes by `Last-Event-ID`, wherever an API process still answers."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle, pairwise

import httpx

_RETRY_SECONDS = 0.2


class Listener:
    """Reads from the very first transition on; `numbers` are the ids of all alerts, in order of arrival."""

    def __init__(self, addresses: Sequence[str], api_key: str) -> None:
        self.numbers: list[int] = []
        self.resyncs = 0
        self._place = "0"
        self._stopping = threading.Event()
        self._addresses = cycle(addresses)
        self._client = httpx.Client(
            headers={"X-API-Key": api_key}, trust_env=False, timeout=httpx.Timeout(5, read=20)
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait_for(self, newest: int, seconds: float) -> None:
        """Until the transition `newest` has arrived or the time is over: `faults` tells what is missing."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and (not self.numbers or self.numbers[-1] < newest):
            self._stopping.wait(0.05)

    def faults(self, newest: int) -> int:
        """How many of the numbers 1 to `newest` did not arrive exactly once and in order."""
        return self.resyncs + stream_faults(self.numbers, newest)

    def close(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with suppress(httpx.HTTPError):
                self._read(next(self._addresses))
            self._stopping.wait(_RETRY_SECONDS)
        self._client.close()

    def _read(self, address: str) -> None:
        headers = {"Last-Event-ID": self._place}
        with self._client.stream("GET", f"{address}/api/v1/stream", headers=headers) as answer:
            if answer.status_code != 200:
                return
            event: dict[str, str] = {}
            for line in answer.iter_lines():
                if self._stopping.is_set():
                    return
                if line:
                    name, _, value = line.partition(":")
                    event[name] = value.strip()
                    continue
                # Only a whole event counts, as in a browser: what was cut off in the middle comes again.
                self._take(event)
                event = {}

    def _take(self, event: dict[str, str]) -> None:
        if event.get("event") == "alert":
            self.numbers.append(int(event["id"]))
        elif event.get("event") == "resync":
            self.resyncs += 1
        self._place = event.get("id", self._place)


def stream_faults(numbers: Sequence[int], newest: int) -> int:
    """Missing numbers, repeated ones and ones that came after a higher one, of 1 to `newest`."""
    missing = newest - len(set(numbers) & set(range(1, newest + 1)))
    not_rising = sum(later <= earlier for earlier, later in pairwise(numbers))
    return missing + not_rising
