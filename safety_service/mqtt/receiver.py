"""One partition's connection to the broker: what it receives is committed first and acknowledged then.

The rules behind it were measured, not guessed: QoS 1, a fixed client id, a persistent session and manual
acknowledgement in order of receipt lose nothing when killed; an acknowledgement across a reconnect may hit
another message, so every message carries the generation of its connection.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
import structlog
from paho.mqtt import client as paho
from paho.mqtt.reasoncodes import ReasonCode

from safety_service.domain.errors import Superseded
from safety_service.domain.types import Message
from safety_service.mqtt.address import parse_broker_url
from safety_service.mqtt.client import Client
from safety_service.mqtt.inbox import Inbox, Received
from safety_service.mqtt.packets import Publish

log = structlog.get_logger(__name__)

KEEPALIVE_SECONDS = 30
TAKEOVERS_SUSPECTED_AFTER = 4
TAKEOVER_WINDOW_SECONDS = 30.0
RECEIPTS_IN_HAND = 10_000
REMEMBERED_TOPICS = 20_000
SETTLE_SECONDS = 1.0
"""At most so long a stop waits for the broker to have taken in the last acknowledgements."""


class ReceiverPlan(msgspec.Struct, frozen=True, kw_only=True):
    """To whom to listen, under what name, and in how large bites."""

    broker_url: str
    client_id: str
    filters: list[str]
    batch_messages: int
    linger_seconds: float
    buffer_messages: int
    buffer_bytes: int
    ca_file: str | None = None


class Receiver:
    """A network thread and a writer thread, both watched.

    `store` commits a batch or raises (Superseded: another process has taken over, stop); `on_stored` runs
    after the acknowledgements; `may_connect` is asked before each connection. `link_since` is the time since
    which the link has been up and subscribed, None while it is not: nothing can be heard then.
    """

    def __init__(
        self,
        plan: ReceiverPlan,
        *,
        store: Callable[[list[Message]], Any],
        on_stored: Callable[[], None],
        may_connect: Callable[[], bool] = lambda: True,
    ) -> None:
        self.address = parse_broker_url(plan.broker_url)
        self.link_since: datetime | None = None
        self.connections = 0
        self.received = 0
        self.committed = 0
        self.storing_fails_since: datetime | None = None
        self.superseded = False
        self._plan = plan
        self._store = store
        self._on_stored = on_stored
        self._may_connect = may_connect
        self._inbox = Inbox(plan.buffer_messages, plan.buffer_bytes)
        self._generation = 0
        self._ack_lock = threading.Lock()
        self._subscribed_once = False
        self._losses: list[float] = []
        self._stopping = threading.Event()
        self._client = self._build_client()
        self._threads = [
            threading.Thread(target=self._run_network, name="mqtt-network", daemon=True),
            threading.Thread(target=self._run_writer, name="mqtt-writer", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """Stops receiving, commits and acknowledges what is in hand, keeps the session."""
        self._inbox.close()
        self._threads[1].join(timeout_seconds)
        self._client.settle(SETTLE_SECONDS)
        self._client.disconnect()
        self._stopping.set()
        self._client.wake()
        self._threads[0].join(timeout_seconds)

    @property
    def alive(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def _build_client(self) -> Client:
        client = Client(self._plan.client_id, may_read=lambda: not self._inbox.full, take=self._take)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        client.max_inflight_messages_set(0)
        client.max_queued_messages_set(RECEIPTS_IN_HAND)
        if self.address.username:
            client.username_pw_set(self.address.username, self.address.password)
        if self.address.tls:
            client.tls_set(ca_certs=self._plan.ca_file)
        client.connect_async(self.address.host, self.address.port, KEEPALIVE_SECONDS)
        return client

    def _run_network(self) -> None:
        # What the loop throws is our bug or paho's, and must not leave us deaf.
        while not self._stopping.is_set():
            try:
                self._client.run(self._stopping, self._may_connect)
            except Superseded:
                self.superseded = True
                return
            except Exception:
                log.exception("mqtt network loop failed, starting again")
                self._stopping.wait(1.0)

    def _connected(
        self, client: paho.Client, _userdata: Any, flags: paho.ConnectFlags, code: ReasonCode, _props: Any
    ) -> None:
        if code.is_failure:
            log.error("broker refused the connection", reason=str(code), host=self.address.host)
            return
        with self._ack_lock:
            self._generation += 1
        # Retained messages come with each subscription: ask only when the session is new to us.
        if not flags.session_present or not self._subscribed_once:
            client.subscribe([(topic, 1) for topic in self._plan.filters])
        else:
            self.link_since = datetime.now(UTC)
        self.connections += 1
        log.info("connected to the broker", host=self.address.host, session_present=flags.session_present)

    def _subscribed(
        self, _client: paho.Client, _userdata: Any, _mid: int, codes: list[ReasonCode], _props: Any
    ) -> None:
        refused = [topic for topic, code in zip(self._plan.filters, codes, strict=False) if code.is_failure]
        if refused:
            log.error("the broker does not let us subscribe; look at its access rules", topics=refused)
            return
        self._subscribed_once = True
        self.link_since = datetime.now(UTC)

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

    def _take(self, published: list[Publish]) -> None:
        at, generation = self._client.read_at, self._generation
        self.received += len(published)
        self._inbox.put(
            [
                Received(
                    Message(
                        topic=_topic(one.topic),
                        payload=one.payload,
                        received_at=at,
                        qos=one.qos,
                        retained=one.retained,
                    ),
                    generation,
                    one.mid,
                )
                for one in published
            ]
        )

    def _run_writer(self) -> None:
        plan = self._plan
        while batch := self._inbox.take(plan.batch_messages, plan.linger_seconds):
            if not self._commit([received.message for received in batch]):
                return
            self.committed += len(batch)
            self._acknowledge(batch)
            self._client.wake()  # there is room again
            self._on_stored()

    def _commit(self, messages: list[Message]) -> bool:
        """Tries until it holds. Unacknowledged messages stay with the broker if we are stopped meanwhile."""
        delay = 0.1
        while True:
            try:
                self._store(messages)
            except Superseded:
                self.superseded = True
                self._stopping.set()
                return False
            except Exception as error:
                if self.storing_fails_since is None:
                    self.storing_fails_since = datetime.now(UTC)
                log.error("cannot store messages, not acknowledging, trying again", error=str(error))
                if self._inbox.closed or self._stopping.wait(delay):
                    return False
                delay = min(delay * 2, 5.0)
            else:
                if self.storing_fails_since is not None:
                    log.info("storing again", since=self.storing_fails_since.isoformat())
                self.storing_fails_since = None
                return True

    def _acknowledge(self, batch: list[Received]) -> None:
        with self._ack_lock:
            mids = [
                received.mid
                for received in batch
                if received.message.qos and received.generation == self._generation
            ]
            if mids:
                self._client.acknowledge(mids)


@lru_cache(maxsize=REMEMBERED_TOPICS)
def _topic(written: bytes) -> str:
    """The topic as text, whatever its bytes are: what cannot be stored is written out."""
    return written.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
