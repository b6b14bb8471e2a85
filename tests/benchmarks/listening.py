"""Who listens to the live stream, and when it told of what."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx


class Stream:
    """Listens in a thread of its own; `at` keeps when each alert first underwent the change."""

    def __init__(self, api: httpx.Client, change: str, named: Callable[[dict[str, Any]], Any]) -> None:
        """`named`: by what an alert is told from the others."""
        self.at: dict[Any, float] = {}
        self._api, self._change, self._named = api, change, named
        self._open = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        assert self._open.wait(30), "the stream does not open"

    def _read(self) -> None:
        # The block that listens ends by closing the client under us.
        with (
            suppress(httpx.HTTPError, httpx.StreamError, RuntimeError),
            self._api.stream("GET", "/stream", timeout=None) as answer,
        ):
            for line in answer.iter_lines():
                self._open.set()
                if line.startswith("data: {"):
                    now, told = time.monotonic(), json.loads(line.removeprefix("data: "))
                    if told["transition"]["change"] == self._change:
                        self.at.setdefault(self._named(told["alert"]), now)
