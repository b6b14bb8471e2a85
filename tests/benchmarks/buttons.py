"""Panic buttons that are pressed: each press of a new one is an alert of its own."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion


class Buttons:
    """The gateway of the buttons of all schools."""

    def __init__(self, client: paho.Client) -> None:
        self._client = client

    def press(self, school: str, device: str) -> paho.MQTTMessageInfo:
        body = {"specversion": "1.0", "id": device, "source": device, "type": "panic_button", "data": {}}
        return self._client.publish(f"campus/v1/{school}/native/buttons/events", json.dumps(body), qos=1)

    def press_all(self, buttons: Iterable[tuple[str, str]]) -> None:
        """(school, device) each, as fast as they go; back when the broker has them all."""
        for sent in [self.press(school, device) for school, device in buttons]:
            sent.wait_for_publish(60)


@contextmanager
def buttons(broker_url: str) -> Iterator[Buttons]:
    address = urlsplit(broker_url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(2000)
    client.connect(str(address.hostname), int(address.port or 1883))
    client.loop_start()
    try:
        yield Buttons(client)
    finally:
        client.disconnect()
        client.loop_stop()
