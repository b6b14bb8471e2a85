"""Publishes many events as fast as the broker takes them, or at a rate, and tells honestly how that went."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import msgspec

from device_simulator.broker_url import BrokerUrl
from device_simulator.errors import BrokerUnreachableError
from device_simulator.load_events import LoadEvents
from device_simulator.load_spool import AGAIN, LoadSpools
from device_simulator.pipe import Pipe
from device_simulator.resending import SILENCE_SECONDS

_CHUNK = 250
_WAIT_SECONDS = 0.02
_TICK_SECONDS = 0.005
"""Of a load at a rate: a round for every single acknowledgement would cost more than the messages."""
_RETRY_SECONDS = 0.25


class LoadOrder(msgspec.Struct, frozen=True):
    """So many messages, at most `rate` a second (None: full speed), over so many connections.

    `patience_seconds`: how long a broker that went away is waited for, and, with a `spool_directory`, how
    long it may go without a message acknowledged or covered for the first time.
    """

    broker: BrokerUrl
    messages: int
    rate: float | None = None
    connections: int = 1
    window: int = 4_000
    patience_seconds: float = 60.0
    spool_directory: Path | None = None
    resend_after_seconds: float = SILENCE_SECONDS


class Figures(msgspec.Struct):
    """`sent` counts each message once, `resent` what went out again; `seconds` run to the last ack.

    `covered`: messages of the load that have their receipt, also those that an earlier run sent.
    """

    sent: int = 0
    acknowledged: int = 0
    resent: int = 0
    covered: int = 0
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
        self._made = 0
        self._progress_at = 0.0
        self._acknowledged_before = 0
        self._spools = (
            LoadSpools(order.spool_directory, events, order.resend_after_seconds)
            if order.spool_directory is not None
            else None
        )
        listens_to = [self._spools.receipt_filter if self._spools else None]
        self._pipes = [
            Pipe(order.broker, f"load-{events.run}-{number}", order.window // order.connections, heard)
            for number, heard in enumerate(listens_to + [None] * (order.connections - 1))
        ]
        self.figures = Figures()

    def run(self, stop: threading.Event, progress: Callable[[Figures], None]) -> Figures:
        """Publish all, and with a spool see all of it covered.

        Raises BrokerUnreachableError if the broker is not there, or stays away too long. Ends early when
        `stop` is set, after a last look for acknowledgements, or when receipts stay away too long; `figures`
        stay readable.
        """
        for pipe in self._pipes:
            pipe.open()
        if self._spools is not None:
            self._spools.learn_receipts(self._pipes[0])
            self._spools.reconnected()
        began = self._progress_at = time.monotonic()
        try:
            while not stop.is_set() and not self._done():
                for pipe in self._pipes:
                    self._reopen(pipe, stop)
                    self._send_again(pipe)
                    self._top_up(pipe, time.monotonic() - began)
                if self._collect():
                    self.figures.seconds = time.monotonic() - began
                self._count_covered()
                progress(self.figures)
        finally:
            for pipe in self._pipes:
                pipe.close()
            if self._spools is not None:
                self._spools.close()
        return self.figures

    def _done(self) -> bool:
        if self._spools is None:
            return self.figures.acknowledged >= self._order.messages
        whole = self._made == self._order.messages and all(pipe.idle for pipe in self._pipes)
        if whole and not self._spools.waiting:
            return True
        return time.monotonic() - self._progress_at > self._order.patience_seconds

    def _top_up(self, pipe: Pipe, elapsed: float) -> None:
        allowed = self._order.messages
        if self._order.rate is not None:
            allowed = min(allowed, int(elapsed * self._order.rate) + 1)
        amount = min(_CHUNK, pipe.room, allowed - self._made)
        if amount > 0:
            some = self._events.some(self._made, amount)
            self._made += amount
            if self._spools is not None:
                some = self._spools.keep(some)
            pipe.send(some)
            self.figures.sent += len(some)

    def _send_again(self, pipe: Pipe) -> None:
        if self._spools is not None:
            again = self._spools.some_again(pipe.room, self._pipes)
            pipe.send(again)
            self.figures.resent += len(again)

    def _collect(self) -> int:
        """Take in acknowledgements: how many. Waits a little where there is nothing else to do."""
        paced = self._order.rate is not None
        if paced:
            time.sleep(_TICK_SECONDS)
        nothing_to_send = self._made == self._order.messages and not paced
        collected = 0
        for pipe in self._pipes:
            full = pipe.room == 0 and not paced
            wait = _WAIT_SECONDS / len(self._pipes) if nothing_to_send or full else 0.0
            numbers = pipe.receive(wait)
            if self._spools is not None:
                numbers = [number for number in numbers if number != AGAIN]
            collected += len(numbers)
            if numbers and self._acked_file is not None:
                self._acked_file.write("".join(f"{self._events.identity(number)}\n" for number in numbers))
        self.figures.acknowledged += collected
        return collected

    def _count_covered(self) -> None:
        if self._spools is None:
            return
        covers = self._spools.take_receipts(self._pipes[0])
        acknowledged = self.figures.acknowledged
        waiting = self._spools.waiting
        self.figures.covered = max(0, self._made - waiting)
        if covers or not waiting or acknowledged != self._acknowledged_before:
            self._acknowledged_before, self._progress_at = acknowledged, time.monotonic()

    def _reopen(self, pipe: Pipe, stop: threading.Event) -> None:
        """Connect again after a break, as long as patience lasts."""
        if self._spools is not None:
            pipe.break_if_silent(self._spools.resend_after)
        deadline = time.monotonic() + self._order.patience_seconds
        while not pipe.connected and not stop.is_set():
            try:
                self.figures.resent += pipe.open()
            except BrokerUnreachableError:
                if time.monotonic() > deadline:
                    raise
                stop.wait(_RETRY_SECONDS)
            else:
                if self._spools is not None:
                    self._spools.reconnected()
                    self._progress_at = time.monotonic()
