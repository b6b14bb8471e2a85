"""Answers that every screen of a county asks for: worked out once, and given to all who ask just then."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

MOST_KINDS = 256
"""So many answers are kept: one for each set of schools whose people look at a screen."""


class Answer(NamedTuple):
    """A body as it goes out, with its ETag."""

    body: bytes
    etag: str


class _Kept(NamedTuple):
    answer: Answer
    version: Hashable
    until: float


class SharedAnswers:
    """Keeps an answer for `seconds`, and no longer than its version stays the same.

    The version is what must never be shown late: the newest transition of an alert. Whatever else is in an
    answer may be that much older than its question, unless this process wrote something (`forget`).
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: dict[Hashable, _Kept] = {}
        self._writes = 0
        self._lock = threading.Lock()
        self._making = threading.Lock()

    def forget(self) -> None:
        """Something was written: what is being worked out right now may not know of it either."""
        with self._lock:
            self._writes += 1
            self._kept.clear()

    def get(self, key: Hashable, version: Hashable, make: Callable[[], Answer]) -> Answer:
        """The answer of that version, made by one caller while the others wait for it."""
        found = self._find(key, version)
        if found is not None:
            return found
        with self._making:
            found = self._find(key, version)
            if found is None:
                writes, began = self._writes, time.monotonic()
                found = make()
                self._keep(key, _Kept(found, version, began + self._seconds), writes)
        return found

    def _find(self, key: Hashable, version: Hashable) -> Answer | None:
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or kept.version != version or time.monotonic() >= kept.until:
            return None
        return kept.answer

    def _keep(self, key: Hashable, kept: _Kept, writes: int) -> None:
        with self._lock:
            if writes != self._writes:
                return
            self._kept.pop(key, None)
            self._kept[key] = kept
            if len(self._kept) > MOST_KINDS:
                del self._kept[next(iter(self._kept))]


def get_shared(request: Request) -> SharedAnswers:
    shared: SharedAnswers = request.app.state.shared
    return shared


SharedDep = Annotated[SharedAnswers, Depends(get_shared)]
