"""A bare MQTT connection with a bounded window of unacknowledged messages, resent after a break.

It may also listen to one topic filter; what it hears is acknowledged at once.
"""

import select
import socket
import ssl
import time
from collections.abc import Iterable, Iterator

from device_simulator import packets
from device_simulator.broker_url import BrokerUrl
from device_simulator.errors import BrokerUnreachableError

_CONNECT_SECONDS = 5.0
_SEND_SECONDS = 30.0
_RECEIVE_BYTES = 65_536
_PACKET_IDS = 65_535


Outgoing = tuple[int, bytes, bytes, str, int]
"""One message: its number in the load, encoded topic, payload, school, sequence of the school's gateway."""


class Pipe:
    """One connection. `window` (at most 16,384) messages may wait for their acknowledgement at once."""

    def __init__(self, broker: BrokerUrl, client_id: str, window: int, listens_to: str | None = None) -> None:
        self._broker = broker
        self._client_id = client_id
        self._window = window
        self._listens_to = listens_to
        self._last_received = 0.0
        self.heard: list[tuple[str, bytes]] = []
        """What came in under `listens_to`, as (topic, payload); the reader takes it out."""
        self._next_id = 1
        self._waiting: dict[int, Outgoing] = {}
        self._rest = b""
        self._socket: socket.socket | None = None

    @property
    def room(self) -> int:
        """How many more messages the window takes; 0 while there is no connection."""
        return self._window - len(self._waiting) if self._socket else 0

    @property
    def idle(self) -> bool:
        """Whether everything sent was acknowledged."""
        return not self._waiting

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._socket is not None

    def open(self) -> int:
        """Connect and send again what was never acknowledged: how many. Raises BrokerUnreachableError."""
        try:
            self._socket = self._connect()
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise BrokerUnreachableError(f"cannot reach the broker at {self._broker}: {reason}") from error
        self._rest = b""
        self._last_received = time.monotonic()
        again = [
            packets.publish(topic, packet_id, payload, packets.PUBLISH_QOS1_AGAIN)
            for packet_id, (_, topic, payload, _, _) in self._waiting.items()
        ]
        if self._listens_to is not None:
            again.insert(0, packets.subscribe(self._free_id(), self._listens_to))
        self._transmit(again)
        return len(self._waiting)

    def in_hand(self) -> Iterator[tuple[str, int]]:
        """(school, sequence) of what waits for its acknowledgement and is resent by itself after a break."""
        return ((school, sequence) for _, _, _, school, sequence in self._waiting.values())

    def break_if_silent(self, seconds: float) -> None:
        """Give the connection up if acknowledgements have been owed and nothing has come for so long."""
        if self._waiting and time.monotonic() - self._last_received > seconds:
            self._break()

    def send(self, messages: Iterable[Outgoing]) -> None:
        """Send in one go, no more than there is room for."""
        if not self._waiting:
            self._last_received = time.monotonic()
        batch = []
        for message in messages:
            packet_id = self._free_id()
            self._waiting[packet_id] = message
            batch.append(packets.publish(message[1], packet_id, message[2]))
        self._transmit(batch)

    def receive(self, seconds: float) -> list[int]:
        """Numbers acknowledged, waiting so long at most for the first. A break closes the connection."""
        if self._socket is None:
            return []
        try:
            if not self._readable(self._socket, seconds):
                return []
            received = self._socket.recv(_RECEIVE_BYTES)
        except OSError:
            received = b""
        if not received:
            self._break()
            return []
        self._last_received = time.monotonic()
        if self._listens_to is None:
            ids, self._rest = packets.acknowledged(self._rest + received)
        else:
            ids = self._listen(self._rest + received)
        return [self._waiting.pop(packet_id)[0] for packet_id in ids if packet_id in self._waiting]

    def _listen(self, received: bytes) -> list[int]:
        ids, messages, owed, self._rest = packets.incoming(received)
        self.heard += messages
        self._transmit([packets.puback(packet_id) for packet_id in owed])
        return ids

    def close(self) -> None:
        """Say DISCONNECT and close."""
        self._transmit([packets.DISCONNECT])
        self._break()

    def _free_id(self) -> int:
        while True:
            packet_id = self._next_id
            self._next_id = packet_id % _PACKET_IDS + 1
            if packet_id not in self._waiting:
                return packet_id

    def _connect(self) -> socket.socket:
        plain = socket.create_connection((self._broker.host, self._broker.port), timeout=_CONNECT_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = plain
        if self._broker.tls:
            wire = ssl.create_default_context().wrap_socket(plain, server_hostname=self._broker.host)
        wire.sendall(packets.connect(self._client_id, self._broker.user, self._broker.password))
        answer = b""
        while len(answer) < packets.CONNACK_SIZE and (part := wire.recv(packets.CONNACK_SIZE - len(answer))):
            answer += part
        if not answer:
            wire.close()
            raise ConnectionResetError(0, "closed before an answer")
        if refused := packets.refusal(answer):
            wire.close()
            raise BrokerUnreachableError(f"the broker at {self._broker} refused the connection: {refused}")
        wire.settimeout(_SEND_SECONDS)
        return wire

    def _transmit(self, batch: list[bytes]) -> None:
        if self._socket is None or not batch:
            return
        try:
            self._socket.sendall(b"".join(batch))
        except OSError:
            self._break()

    def _readable(self, wire: socket.socket, seconds: float) -> bool:
        # TLS may hold decrypted bytes that select cannot see
        if isinstance(wire, ssl.SSLSocket) and wire.pending():
            return True
        return bool(select.select([wire], [], [], seconds)[0])

    def _break(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
