"""Publishes many events as fast as the broker takes them, or at a rate, and tells honestly how that went."""

import threading
import time
from collections.abc import Callable
from typing import TextIO

import msgspec

from device_simulator.broker_url import BrokerUrl
from device_simulator.errors import BrokerUnreachableError
from device_simulator.load_events import LoadEvents
from device_simulator.pipe import Pipe

_CHUNK = 250
_WAIT_SECONDS = 0.02
_RETRY_SECONDS = 0.25


class LoadOrder(msgspec.Struct, frozen=True):
    """So many messages, at most `rate` a second (None: full speed), over so many connections.

    `patience_seconds`: how long a broker that went away is waited for.
    """

    broker: BrokerUrl
    messages: int
    rate: float | None = None
    connections: int = 1
    window: int = 4_000
    patience_seconds: float = 60.0


class Figures(msgspec.Struct):
    """`sent` counts each message once, `resent` what went out again; `seconds` run to the last ack."""

    sent: int = 0
    acknowledged: int = 0
    resent: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Acknowledged messages a second."""
        return self.acknowledged / self.seconds if self.seconds else 0.0


class Load:
    """One load. Single-threaded: topping up all windows and reading all acknowledgements in turn."""

    def __init__(self, order: LoadOrder, events: LoadEvents, acked_file: TextIO | None = None) -> None:
        self._order = order
        self._events = events
        self._acked_file = acked_file
        self._pipes = [
            Pipe(order.broker, f"load-{events.run}-{number}", order.window // order.connections)
            for number in range(order.connections)
        ]
        self.figures = Figures()

    def run(self, stop: threading.Event, progress: Callable[[Figures], None]) -> Figures:
        """Publish all. Raises BrokerUnreachableError if the broker is not there, or stays away too long.

        Ends early when `stop` is set, after a last look for acknowledgements; `figures` stay readable.
        """
        for pipe in self._pipes:
            pipe.open()
        began = time.monotonic()
        try:
            while not stop.is_set() and self.figures.acknowledged < self._order.messages:
                for pipe in self._pipes:
                    self._reopen(pipe, stop)
                    self._top_up(pipe, time.monotonic() - began)
                if self._collect():
                    self.figures.seconds = time.monotonic() - began
                progress(self.figures)
        finally:
            for pipe in self._pipes:
                pipe.close()
        return self.figures

    def _top_up(self, pipe: Pipe, elapsed: float) -> None:
        allowed = self._order.messages
        if self._order.rate is not None:
            allowed = min(allowed, int(elapsed * self._order.rate) + 1)
        amount = min(_CHUNK, pipe.room, allowed - self.figures.sent)
        if amount > 0:
            pipe.send(self._events.some(self.figures.sent, amount))
            self.figures.sent += amount

    def _collect(self) -> int:
        """Take in acknowledgements: how many. Waits a little where there is nothing else to do."""
        nothing_to_send = self.figures.sent == self._order.messages or self._order.rate is not None
        collected = 0
        for pipe in self._pipes:
            full = pipe.room == 0
            wait = _WAIT_SECONDS / len(self._pipes) if nothing_to_send or full else 0.0
            numbers = pipe.receive(wait)
            collected += len(numbers)
            if numbers and self._acked_file is not None:
                self._acked_file.write("".join(f"{self._events.identity(number)}\n" for number in numbers))
        self.figures.acknowledged += collected
        return collected

    def _reopen(self, pipe: Pipe, stop: threading.Event) -> None:
        """Connect again after a break, as long as patience lasts."""
        deadline = time.monotonic() + self._order.patience_seconds
        while not pipe.connected and not stop.is_set():
            try:
                self.figures.resent += pipe.open()
            except BrokerUnreachableError:
                if time.monotonic() > deadline:
                    raise
                stop.wait(_RETRY_SECONDS)
