"""The limit: a bare paho subscriber with manual acknowledgement, a process of its own, that only counts.

`python -m tests.benchmarks.bare HOST PORT MESSAGES` prints `ready`, then lines of a monotonic second
and the count as it grows, and ends with the last message.
"""

import sys
import time
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

EVERY_SECONDS = 0.05


class Counter:
    """Acknowledges each message at once and says now and then how many there were."""

    def __init__(self, messages: int) -> None:
        self._messages = messages
        self._count = 0
        self._next = 0.0

    def subscribe(self, client: paho.Client, *_: Any) -> None:
        client.subscribe("campus/v1/#", 1)

    def ready(self, *_: Any) -> None:
        print("ready", flush=True)

    def take(self, client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        client.ack(message.mid, message.qos)
        self._count += 1
        now = time.monotonic()
        if now >= self._next or self._count == self._messages:
            print(now, self._count, flush=True)
            self._next = now + EVERY_SECONDS
        if self._count == self._messages:
            client.disconnect()


def main(host: str, port: str, messages: str) -> None:
    counter = Counter(int(messages))
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id="bare",
        clean_session=False,
        protocol=paho.MQTTv311,
        manual_ack=True,
    )
    client.on_connect = counter.subscribe
    client.on_subscribe = counter.ready
    client.on_message = counter.take
    client.connect(host, int(port))
    client.loop_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
