"""A broker for the simulator's tests, and somebody who listens to it."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import iotcore
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.broker import mosquitto_broker
from tests.postgres import free_port


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    """Mosquitto where there is one, else the embedded broker."""
    if shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin"):
        with mosquitto_broker() as url:
            yield url
        return
    broker = iotcore.Broker(port=free_port(), listen="127.0.0.1", max_payload_size=1 << 20)
    broker.start()
    yield f"mqtt://127.0.0.1:{broker.port}"
    broker.stop()


class Listener:
    """Everything heard under a topic filter, in order; `until` waits for a condition, with a deadline."""

    def __init__(self, url: str, topic_filter: str) -> None:
        self.heard: list[mqtt.MQTTMessage] = []
        self._changed = threading.Condition()
        self._subscribed = threading.Event()
        address = urlsplit(url)
        assert address.hostname is not None
        assert address.port is not None
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = self._on_message
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.connect(address.hostname, address.port)
        self.client.loop_start()
        self.client.subscribe(topic_filter, qos=1)
        assert self._subscribed.wait(10)

    def _on_message(self, _client: mqtt.Client, _user: object, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.heard.append(message)
            self._changed.notify_all()

    def until(self, condition: Callable[[list[mqtt.MQTTMessage]], bool], seconds: float = 15) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self.heard), seconds), [
                m.topic for m in self.heard
            ]

    def say(self, topic: str, payload: str, *, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def listen(broker_url: str) -> Iterator[Callable[[str], Listener]]:
    """`listen("campus/v1/#")`: a listener that hears from now on."""
    opened: list[Listener] = []

    def start(topic_filter: str) -> Listener:
        opened.append(Listener(broker_url, topic_filter))
        return opened[-1]

    yield start
    for listener in opened:
        listener.close()


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Until the condition holds; fails at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.01)
