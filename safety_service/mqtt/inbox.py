"""The bounded hand-over from the network thread to the writer; nothing in it is lost or reordered."""

import threading
import time
from collections import deque
from collections.abc import Sequence

import msgspec

from safety_service.domain.types import Message


class Received(msgspec.Struct, frozen=True, gc=False):
    """A message with what its acknowledgement needs."""

    message: Message
    generation: int
    mid: int


class Inbox:
    """One thread puts, one takes. It never makes the putting thread wait: who puts asks `full` first.

    Each side counts its own bytes, so that no lock is needed for a message; a deque's extend and popleft
    are atomic.
    """

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self._waiting: deque[Received] = deque()
        self._filled = threading.Event()
        self._bytes_in = 0
        self._bytes_out = 0
        self._closed = False
        self._max_messages = max_messages
        self._max_bytes = max_bytes

    @property
    def full(self) -> bool:
        """Whether no more should be read from the network; what was read already is still taken."""
        return len(self._waiting) >= self._max_messages or self._bytes_in - self._bytes_out >= self._max_bytes

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, received: Sequence[Received]) -> None:
        self._waiting.extend(received)
        self._bytes_in += sum([len(one.message.payload) for one in received])
        if not self._filled.is_set():
            self._filled.set()

    def take(self, limit: int, linger_seconds: float) -> list[Received]:
        """Waits for the first message, then up to `linger_seconds` for more; empty once closed and empty."""
        while not self._waiting:
            if self._closed:
                return []
            self._filled.wait()
            # Cleared before the look: what is put after the look sets it again.
            self._filled.clear()
        if len(self._waiting) < limit and not self._closed:
            time.sleep(linger_seconds)
        popleft = self._waiting.popleft
        batch = [popleft() for _ in range(min(limit, len(self._waiting)))]
        self._bytes_out += sum(len(received.message.payload) for received in batch)
        return batch

    def close(self) -> None:
        self._closed = True
        self._filled.set()
