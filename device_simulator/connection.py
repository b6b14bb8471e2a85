"""One MQTT connection of the simulator: says it lives, publishes at QoS 1, comes back by itself."""

import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from device_simulator.broker_url import BrokerUrl
from device_simulator.errors import BrokerUnreachableError
from device_simulator.formats.wire import Link, WireMessage

_INFLIGHT = 200
_QUEUED = 20_000
"""What one connection holds in memory while the broker is away; above it, messages are counted as dropped."""
_CONNECT_SECONDS = 10.0

OnReceipt = Callable[[str, bytes], None]
OnUp = Callable[["Connection"], None]


class ConnectionPlan(msgspec.Struct, frozen=True):
    """Who a connection is and for whom it speaks. A last will exists only where it speaks for one link."""

    client_id: str
    links: tuple[Link, ...]
    receipt_topics: tuple[str, ...] = ()


class Connection:
    """A paho client with its own network thread. Callbacks only count and hand over; they never raise."""

    def __init__(self, plan: ConnectionPlan, broker: BrokerUrl, on_receipt: OnReceipt, on_up: OnUp) -> None:
        self._plan = plan
        self._broker = broker
        self._on_receipt = on_receipt
        self._on_up = on_up
        self._answered = threading.Event()
        self._refusal: str | None = None
        self._ended = threading.Event()
        self._sent = 0
        self._announced = 0
        self._dropped = 0
        self._acknowledged = 0
        self._unacknowledged: dict[int, tuple[str, int]] = {}
        self._client = self._make_client()

    def open(self) -> None:
        """Connect, and wait for the broker's word. Raises BrokerUnreachableError with the reason."""
        try:
            self._client.connect(self._broker.host, self._broker.port, keepalive=30)
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise BrokerUnreachableError(f"cannot reach the broker at {self._broker}: {reason}") from error
        self._client.loop_start()
        if not self._answered.wait(_CONNECT_SECONDS):
            self._client.disconnect()
            raise BrokerUnreachableError(f"the broker at {self._broker} does not answer")
        if self._refusal:
            self._client.disconnect()
            raise BrokerUnreachableError(
                f"the broker at {self._broker} refused the connection: {self._refusal}"
            )

    def publish(self, message: WireMessage) -> bool:
        """Hand a message to the network thread; False if the queue is full and it was not taken."""
        taken = self._client.publish(message.topic, message.payload, message.qos, message.retain)
        if taken.rc == mqtt.MQTT_ERR_QUEUE_SIZE:
            return False
        self._sent += 1
        if message.sequence:
            self._unacknowledged[taken.mid] = (message.school, message.sequence)
            # the acknowledgement may have overtaken us between the two lines above
            if taken.is_published():
                self._unacknowledged.pop(taken.mid, None)
        return True

    def drop(self) -> None:
        """Count a message that could not be taken and is kept nowhere else."""
        self._dropped += 1

    def in_hand(self) -> frozenset[tuple[str, int]]:
        """(school, sequence) of messages the client still holds and will resend by itself."""
        return frozenset(self._unacknowledged.copy().values())

    @property
    def counts(self) -> tuple[int, int, int]:
        """Messages taken, acknowledged by the broker, dropped."""
        return self._sent + self._announced, self._acknowledged, self._dropped

    def say_goodbye(self) -> None:
        """Publish `offline` for every link: a clean end fires no last will."""
        for link in self._plan.links:
            self.publish(WireMessage("", "", link.topic, link.offline, 1, True))

    def settled(self) -> bool:
        """Whether the broker has acknowledged all that it was sent."""
        return self._acknowledged >= self._sent + self._announced

    def close(self, deadline: float) -> None:
        """Disconnect, waiting for the network thread until `deadline` (monotonic seconds) at most."""
        connected = self._client.is_connected()
        self._client.disconnect()
        if connected:
            # leaving before the DISCONNECT went out would fire the last will
            self._ended.wait(max(0.0, deadline - time.monotonic()))

    def _make_client(self) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self._plan.client_id)
        client.max_inflight_messages_set(_INFLIGHT)
        client.max_queued_messages_set(_QUEUED)
        client.reconnect_delay_set(1, 30)
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.tls:
            client.tls_set_context(ssl.create_default_context())
        if len(self._plan.links) == 1:
            link = self._plan.links[0]
            client.will_set(link.topic, link.offline, qos=1, retain=True)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_publish = self._published
        client.on_message = self._received
        return client

    def _connected(self, client: mqtt.Client, _user: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refusal = str(reason)
            self._answered.set()
            return
        for topic in self._plan.receipt_topics:
            client.subscribe(topic, qos=1)
        for link in self._plan.links:
            client.publish(link.topic, link.online, qos=1, retain=True)
            # not in _sent: two threads must not count in one number
            self._announced += 1
        self._ended.clear()
        self._on_up(self)
        self._answered.set()

    def _disconnected(self, _client: mqtt.Client, *_: Any) -> None:
        self._ended.set()

    def _published(self, _client: mqtt.Client, _user: Any, mid: int, *_: Any) -> None:
        self._acknowledged += 1
        self._unacknowledged.pop(mid, None)

    def _received(self, _client: mqtt.Client, _user: Any, message: mqtt.MQTTMessage) -> None:
        self._on_receipt(message.topic, bytes(message.payload))
