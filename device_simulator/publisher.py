"""All connections of a run: each message goes out on its school's own, spooled first if there is a spool."""

import queue
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from device_simulator.broker_url import BrokerUrl
from device_simulator.connection import Connection, ConnectionPlan
from device_simulator.formats.wire import Link, WireMessage
from device_simulator.resending import FIRST_RECEIPT_SECONDS, SILENCE_SECONDS, Resending
from device_simulator.spool import Spool

CLOSE_SECONDS = 1.5
"""Of the two seconds a clean stop may take, what is spent waiting for acknowledgements."""
_RESEND_BATCH = 500
_LOOK_SECONDS = 0.01


class Voice(msgspec.Struct, frozen=True):
    """A speaker in the county: one school's gateway or NVR, how its connection is named, how it shows life.

    Without a `link` it says nothing about itself, neither alive nor gone.
    """

    school: str
    format: str
    client_id: str
    link: Link | None = None


class Tally(msgspec.Struct, frozen=True):
    """Honest figures of a run, in messages."""

    sent: int
    acknowledged: int
    dropped: int
    uncovered: int = 0


class Publisher:
    """Publishes from one thread; the network threads only count and put receipts into a queue."""

    def __init__(
        self,
        broker: BrokerUrl,
        voices: Iterable[Voice],
        *,
        gateway: str,
        spool_directory: Path | None = None,
        resend_after: float = SILENCE_SECONDS,
        connection_limit: int = 32,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._clock = clock
        self._receipts: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self._up: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._routes: dict[tuple[str, str], Connection] = {}
        self._schools: dict[Connection, list[str]] = {}
        self.connections: list[Connection] = []
        groups = _share(list(voices), connection_limit)
        native = {voice.school for group in groups for voice in group if voice.format == "native"}
        self.spools = _open_spools(spool_directory, native, gateway)
        self._resending = Resending(self.spools, resend_after)
        for group in groups:
            self._add(broker, group)

    def open(self) -> None:
        """Connect all. Raises BrokerUnreachableError if one of them cannot."""
        for connection in self.connections:
            connection.open()

    def wait_for_receipts(self, seconds: float = FIRST_RECEIPT_SECONDS) -> None:
        """Until every gateway with a spool knows its retained receipt; not every one has one.

        A spool whose file was lost begins at number 1 and would take numbers that are covered already.
        """
        self._wait(seconds, lambda: self._resending.heard >= set(self.spools))

    def wait_until_covered(self, seconds: float, stop: threading.Event) -> None:
        """Until no spool keeps anything; resending meanwhile."""
        self._wait(seconds, lambda: stop.is_set() or not self.uncovered)

    @property
    def uncovered(self) -> int:
        """How many messages wait for a receipt."""
        return sum(spool.waiting for spool in self.spools.values())

    def publish(self, message: WireMessage) -> None:
        """Spool it if it is numbered, then hand it over. A full queue drops what no spool keeps."""
        spool = self.spools.get(message.school) if message.sequence else None
        if spool is not None:
            spool.keep(message.sequence, message.topic, message.payload)
            self._resending.kept(message.school, self._clock())
        connection = self._route(message)
        if connection.publish(message):
            return
        if spool is None:
            connection.drop()
        else:
            self._resending.not_taken(message.school, self._clock())

    def tick(self) -> None:
        """Take in receipts, and resend what is due. Call it often; it never waits."""
        now = self._clock()
        while not self._up.empty():
            self._resending.reconnected(self._schools[self._up.get()], now)
        while not self._receipts.empty():
            self._resending.take_receipt(*self._receipts.get(), now)
        for school in self._resending.due(now):
            self._resend_some(school, now)

    def tally(self) -> Tally:
        """Figures so far."""
        counts = [connection.counts for connection in self.connections]
        sent, acknowledged, dropped = (sum(column) for column in zip(*counts, strict=True))
        return Tally(sent, acknowledged, dropped, self.uncovered)

    def close(self) -> Tally:
        """Say goodbye, wait for acknowledgements a moment, disconnect. At most two seconds."""
        deadline = self._clock() + CLOSE_SECONDS
        for connection in self.connections:
            connection.say_goodbye()
        while self._clock() < deadline and not all(each.settled() for each in self.connections):
            self.tick()
            time.sleep(0.005)
        self.tick()
        tally = self.tally()
        for connection in self.connections:
            connection.close(deadline + 0.3)
        for spool in self.spools.values():
            spool.close()
        return tally

    def _add(self, broker: BrokerUrl, group: list[Voice]) -> None:
        topics = tuple(
            f"campus/v1/{voice.school}/receipts/{self._gateway}"
            for voice in group
            if voice.format == "native" and voice.school in self.spools
        )
        client_id = group[0].client_id if len(group) == 1 else f"{group[0].client_id}-shared"
        plan = ConnectionPlan(client_id, tuple(voice.link for voice in group if voice.link), topics)
        connection = Connection(
            plan, broker, lambda topic, payload: self._receipts.put((topic, payload)), self._up.put
        )
        self.connections.append(connection)
        self._schools[connection] = [
            voice.school for voice in group if voice.format == "native" and voice.school in self.spools
        ]
        for voice in group:
            self._routes[voice.school, voice.format] = connection

    def _route(self, message: WireMessage) -> Connection:
        """The voice of that format, or else the school's gateway, which carries what has no voice."""
        connection = self._routes.get((message.school, message.format))
        return connection if connection is not None else self._routes[message.school, "native"]

    def _resend_some(self, school: str, now: float) -> None:
        connection = self._routes[school, "native"]
        in_hand = connection.in_hand()
        for kept in self._resending.batch(school, _RESEND_BATCH):
            message = WireMessage(school, "native", kept.topic, kept.payload, sequence=kept.number)
            if (school, kept.number) not in in_hand and not connection.publish(message):
                self._resending.put_off(school, now + 1.0)
                return
            self._resending.sent(school, kept.number)

    def _wait(self, seconds: float, done: Callable[[], bool]) -> None:
        deadline = self._clock() + seconds
        self.tick()
        while not done() and self._clock() < deadline:
            time.sleep(_LOOK_SECONDS)
            self.tick()


def _share(voices: list[Voice], limit: int) -> list[list[Voice]]:
    """One connection for each voice, or, above the limit, neighbours together in `limit` connections."""
    if len(voices) <= limit:
        return [[voice] for voice in voices]
    return [voices[len(voices) * n // limit : len(voices) * (n + 1) // limit] for n in range(limit)]


def _open_spools(directory: Path | None, schools: Iterable[str], gateway: str) -> dict[str, Spool]:
    if directory is None:
        return {}
    return {school: Spool(directory / f"{school}.{gateway}.spool") for school in sorted(schools)}
