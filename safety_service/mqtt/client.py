"""paho's client with a loop for throughput: many packets for one read, many acknowledgements for one write.

paho's own loop makes five system calls for each message and one for each acknowledgement, and takes each
packet apart with a dozen objects and locks. Here a PUBLISH is read straight from the bytes that came in;
connecting, subscribing, sending, keep-alive and every other packet are paho's. Four seams of paho are used
that are not public, all covered by tests: `_create_socket`, `_packet_queue`, `_in_packet` (whether it is
amid a packet) and `_last_bytes_received` (for the keep-alive).
"""

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from safety_service.mqtt.packets import Publish, is_whole, read_publishes

log = structlog.get_logger(__name__)

READ_BYTES = 1 << 18
BREATH_SECONDS = 0.002
BREATH_BELOW_BYTES = 1 << 16
"""Where less than this was there to read, the next look waits for a breath: a broker writes each message by
itself, and waking for each of them costs as much as all the rest of its way."""
POLL_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
_PUBACK = 0x40


class ReadAhead:
    """A socket that reads ahead: paho asks for single bytes, the system is asked for many.

    `read_at`: when the bytes at hand came in.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._read = b""
        self._at = 0
        self._last_size = 0
        self.read_at = datetime.now(UTC)

    @property
    def was_little(self) -> bool:
        """Whether the last look found the system's buffer nearly empty."""
        return self._last_size < BREATH_BELOW_BYTES

    @property
    def holds_packet(self) -> bool:
        """Whether a whole packet is at hand."""
        return self._at < len(self._read) and is_whole(self._read, self._at)

    @property
    def holds_bytes(self) -> bool:
        return self._at < len(self._read)

    @property
    def pending(self) -> bool:
        """Whether there is something to be had without waiting, though `select` does not see it."""
        return bool(self._inner.pending()) if hasattr(self._inner, "pending") else False

    def fill(self) -> bool:
        """Reads what has come in, behind what is at hand; False at the end of the connection."""
        read: bytes | None
        try:
            read = self._inner.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            read = None
        except OSError:
            return False
        self.read_at = datetime.now(UTC)
        self._last_size = len(read) if read else 0
        if read:
            self._read, self._at = self._read[self._at :] + read, 0
        return read != b""

    def take_publishes(self) -> list[Publish]:
        """The PUBLISH packets that come next, if the next ones are such."""
        found, self._at = read_publishes(self._read, self._at)
        return found

    def recv(self, size: int) -> bytes:
        """paho's way of reading; never more than is at hand, or than one look at the system brings."""
        if self._at >= len(self._read) and not self.fill():
            return bytes(self._inner.recv(size))  # the end, as the system tells it
        if self._at >= len(self._read):
            raise BlockingIOError
        start = self._at
        self._at = start + size
        return self._read[start : start + size]

    def fileno(self) -> int:
        return int(self._inner.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Client(paho.Client):
    """MQTT 3.1.1 with a persistent session and manual acknowledgement; one thread calls `run`.

    Other threads may call `publish` and `acknowledge`: they only queue and wake the loop, so that no two
    threads ever write to the socket. `take` gets what was published, in order, in the loop's thread.
    """

    def __init__(
        self, client_id: str, *, may_read: Callable[[], bool], take: Callable[[list[Publish]], None]
    ) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=paho.MQTTv311,
            manual_ack=True,
        )
        self._may_read = may_read
        self._take = take
        self.on_message = self._one_read_by_paho
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        # With this set paho leaves all writing to us.
        self.on_socket_register_write = lambda *_: self.wake()

    @property
    def read_at(self) -> datetime:
        """When the packet being handled came in."""
        wire = self.socket()
        return wire.read_at if isinstance(wire, ReadAhead) else datetime.now(UTC)

    def wake(self) -> None:
        """Makes the loop look again at once."""
        with suppress(BlockingIOError):  # it is full of wakes already
            self._waker.send(b"w")

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Queues one write with the PUBACK of each packet id, in this order."""
        packets = b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids])
        self._packet_queue(_PUBACK, packets, 0, 1)

    def settle(self, seconds: float) -> None:
        """Waits until the broker has read all that was sent before: it answers a ping in its turn.

        Whoever connects next under the same id would otherwise be sent again what is acknowledged, but not
        read yet.
        """
        if not self.is_connected():
            return
        self._send_pingreq()
        deadline = time.monotonic() + seconds
        while self._ping_t and self.is_connected() and time.monotonic() < deadline:
            time.sleep(BREATH_SECONDS)

    def run(self, stop: threading.Event, may_connect: Callable[[], bool]) -> None:
        """Connects and serves until `stop`; a lost connection is made again, each time if `may_connect`."""
        pause = 1.0
        while not stop.is_set():
            try:
                if not may_connect():
                    stop.wait(1.0)
                    continue
                self.reconnect()
            except OSError as error:
                log.warning("cannot reach the broker", host=self.host, reason=str(error))
                stop.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                continue
            pause = 1.0
            self._serve(stop)
            if not stop.is_set():
                stop.wait(pause)

    def _create_socket(self) -> Any:
        return ReadAhead(super()._create_socket())

    def _serve(self, stop: threading.Event) -> None:
        while not stop.is_set():
            wire: Any = self.socket()
            if wire is None:
                return
            may_read = self._may_read() or not self.is_connected()
            pending = may_read and wire.pending
            try:
                readable, writable, _ = select.select(
                    [wire, self._woken] if may_read else [self._woken],
                    [wire] if self.want_write() else [],
                    [],
                    0 if pending else POLL_SECONDS,
                )
            except (OSError, ValueError):
                readable, writable = [wire], []  # closed under us: the read tells paho
            if self._woken in readable:
                self._woken.recv(4096)
            reads = wire in readable or pending
            if reads:
                self._read_all(wire)
            if wire in writable or self.want_write():
                self.loop_write()
            self.loop_misc()
            if reads and wire.was_little:
                time.sleep(BREATH_SECONDS)

    def _read_all(self, wire: ReadAhead) -> None:
        """Handles every whole packet that has arrived."""
        goes_on = wire.fill()
        while self.socket() is wire:
            if not self._in_packet["command"] and (published := wire.take_publishes()):
                with self._msgtime_mutex:
                    self._last_bytes_received = time.monotonic()
                self._take(published)
            if not (wire.holds_packet or (self._in_packet["command"] and wire.holds_bytes)):
                break
            self.loop_read()
        if not goes_on and self.socket() is wire:
            self.loop_read()  # it finds the end of the connection, and tells it

    def _one_read_by_paho(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        """paho may read on when it has read a packet of its own."""
        flags = message.qos << 1 | message.retain
        self._take([Publish(message._topic, bytes(message.payload), message.mid, flags)])
