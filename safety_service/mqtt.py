"""paho-mqtt client: receives, hands over batches, and acknowledges only what was committed.

The rules behind it were measured, not guessed: QoS 1, a fixed client id, a persistent session and manual
acknowledgement in order of receipt lose nothing when killed; an acknowledgement across a reconnect may hit
another message, so every message carries the generation of its connection.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from safety_service.domain.errors import Refused
from safety_service.domain.types import Message

log = structlog.get_logger(__name__)

KEEPALIVE_SECONDS = 30
TAKEOVERS_SUSPECTED_AFTER = 4
TAKEOVER_WINDOW_SECONDS = 30.0


class BrokerAddress(msgspec.Struct, frozen=True):
    host: str
    port: int
    tls: bool
    username: str | None = None
    password: str | None = None


def parse_broker_url(url: str) -> BrokerAddress:
    """Reads `mqtt://[user:password@]host[:port]` or `mqtts://…`; Refused never echoes it."""
    parts = urlsplit(url)
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        raise Refused("expected mqtt://HOST:PORT or mqtts://HOST:PORT", place="CAMPUS_BROKER_URL")
    tls = parts.scheme == "mqtts"
    return BrokerAddress(
        host=parts.hostname,
        port=parts.port or (8883 if tls else 1883),
        tls=tls,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


class Received(msgspec.Struct, frozen=True, gc=False):
    """A message with what its acknowledgement needs."""

    message: Message
    generation: int
    mid: int


class Inbox:
    """Bounded hand-over from the network thread to the writer; a full one makes the network wait."""

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Received] = []
        self._bytes = 0
        self._closed = False
        self._max_messages = max_messages
        self._max_bytes = max_bytes

    def put(self, received: Received) -> None:
        size = len(received.message.payload)
        with self._changed:
            while self._full() and not self._closed:
                self._changed.wait()
            self._waiting.append(received)
            self._bytes += size
            if len(self._waiting) == 1:
                self._changed.notify_all()

    def take(self, limit: int, linger_seconds: float) -> list[Received]:
        """Waits for the first message, then up to `linger_seconds` for more; empty once closed."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            if len(self._waiting) < limit and not self._closed:
                self._changed.release()
                time.sleep(linger_seconds)
                self._changed.acquire()
            batch, self._waiting = self._waiting[:limit], self._waiting[limit:]
            self._bytes -= sum(len(received.message.payload) for received in batch)
            self._changed.notify_all()
            return batch

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _full(self) -> bool:
        return len(self._waiting) >= self._max_messages or self._bytes >= self._max_bytes


class Receiver:
    """One partition's connection to the broker: a network thread and a writer thread, both watched.

    `store` commits a batch or raises; `on_stored` runs after the acknowledgements. `link_since` is the time
    since which the link has been up, None while it is down: nothing can be heard then.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        filters: list[str],
        store: Callable[[list[Message]], Any],
        on_stored: Callable[[], None],
        batch_messages: int,
        linger_seconds: float,
        inbox: Inbox,
        ca_file: str | None = None,
    ) -> None:
        self.address = parse_broker_url(url)
        self.link_since: datetime | None = None
        self.received = 0
        self.committed = 0
        self.storing_fails_since: datetime | None = None
        self._filters = filters
        self._store = store
        self._on_stored = on_stored
        self._batch_messages = batch_messages
        self._linger_seconds = linger_seconds
        self._inbox = inbox
        self._generation = 0
        self._ack_lock = threading.Lock()
        self._subscribed_once = False
        self._losses: list[float] = []
        self._stopping = threading.Event()
        self._client = self._build_client(client_id, ca_file)
        self._threads = [
            threading.Thread(target=self._run_network, name="mqtt-network", daemon=True),
            threading.Thread(target=self._run_writer, name="mqtt-writer", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """Stops receiving, commits and acknowledges what is in hand, keeps the session."""
        self._stopping.set()
        self._inbox.close()
        self._threads[1].join(timeout_seconds)
        self._client.disconnect()
        self._threads[0].join(timeout_seconds)

    @property
    def alive(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def _build_client(self, client_id: str, ca_file: str | None) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=paho.MQTTv311,
            manual_ack=True,
        )
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._message
        client.max_inflight_messages_set(0)
        client.reconnect_delay_set(1, 10)
        if self.address.username:
            client.username_pw_set(self.address.username, self.address.password)
        if self.address.tls:
            client.tls_set(ca_certs=ca_file)
        return client

    def _run_network(self) -> None:
        # loop_forever reconnects by itself; what it throws is our bug or paho's, and must not leave us deaf.
        while not self._stopping.is_set():
            try:
                self._client.connect_async(self.address.host, self.address.port, KEEPALIVE_SECONDS)
                self._client.loop_forever(retry_first_connection=True)
            except Exception:
                log.exception("mqtt network loop failed, starting again")
                self._stopping.wait(1.0)

    def _connected(
        self, client: paho.Client, _userdata: Any, flags: paho.ConnectFlags, code: ReasonCode, _props: Any
    ) -> None:
        if code.is_failure:
            log.error("broker refused the connection", reason=str(code), host=self.address.host)
            return
        # Retained messages come with each subscription: ask only when the session is new to us.
        if not flags.session_present or not self._subscribed_once:
            client.subscribe([(topic, 1) for topic in self._filters])
            self._subscribed_once = True
        self.link_since = datetime.now(UTC)
        log.info("connected to the broker", host=self.address.host, session_present=flags.session_present)

    def _disconnected(
        self, _client: paho.Client, _userdata: Any, _flags: Any, code: ReasonCode, _props: Any
    ) -> None:
        with self._ack_lock:
            self._generation += 1
        self.link_since = None
        if self._stopping.is_set():
            return
        now = time.monotonic()
        self._losses = [t for t in self._losses if now - t < TAKEOVER_WINDOW_SECONDS] + [now]
        if len(self._losses) >= TAKEOVERS_SUSPECTED_AFTER:
            log.error("the session keeps being lost; is another client using the same client id?")
        log.warning("lost the broker", reason=str(code), host=self.address.host)

    def _message(self, _client: paho.Client, _userdata: Any, incoming: paho.MQTTMessage) -> None:
        try:
            topic = incoming.topic
        except UnicodeDecodeError:
            topic = incoming._topic.decode("utf-8", "backslashreplace")  # the bytes are all there is
        message = Message(
            topic=topic.replace("\x00", "\\x00"),
            payload=bytes(incoming.payload),
            received_at=datetime.now(UTC),
            qos=incoming.qos,
            retained=incoming.retain,
        )
        self.received += 1
        self._inbox.put(Received(message, self._generation, incoming.mid))

    def _run_writer(self) -> None:
        while batch := self._inbox.take(self._batch_messages, self._linger_seconds):
            if not self._commit([received.message for received in batch]):
                return
            self.committed += len(batch)
            self._acknowledge(batch)
            self._on_stored()

    def _commit(self, messages: list[Message]) -> bool:
        """Tries until it holds. Unacknowledged messages stay with the broker if we are stopped meanwhile."""
        delay = 0.1
        while True:
            try:
                self._store(messages)
            except Exception as error:
                if self.storing_fails_since is None:
                    self.storing_fails_since = datetime.now(UTC)
                log.error("cannot store messages, not acknowledging, trying again", error=str(error))
                if self._stopping.wait(delay):
                    return False
                delay = min(delay * 2, 5.0)
            else:
                if self.storing_fails_since is not None:
                    log.info("storing again", since=self.storing_fails_since.isoformat())
                self.storing_fails_since = None
                return True

    def _acknowledge(self, batch: list[Received]) -> None:
        with self._ack_lock:
            for received in batch:
                if received.message.qos and received.generation == self._generation:
                    self._client.ack(received.mid, received.message.qos)
