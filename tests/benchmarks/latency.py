"""From a panic button to the wall screen: publish to the stream, while a whole county reports."""

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from random import Random
from urllib.parse import urlsplit

import httpx
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from device_simulator.county import build_county
from tests.benchmarks.readings import quantile
from tests.benchmarks.scene import FOREVER, Bench, Scene
from tests.benchmarks.table import Row, at_most, told
from tests.e2e.service_process import until

MEDIAN_SECONDS, P99_SECONDS, WORST_SECONDS = 0.05, 0.25, 1.0
PRESS_EVERY_SECONDS = (0.2, 0.5)
_presses = count(1)


class Stream:
    """Listens in a thread of its own; keeps when each device's alert was raised, as told by the stream."""

    def __init__(self, api: httpx.Client) -> None:
        self.raised: dict[str, float] = {}
        self._api = api
        self._open = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        assert self._open.wait(30), "the stream does not open"

    def _read(self) -> None:
        # The block that listens ends by closing the client under us.
        with (
            suppress(httpx.HTTPError, httpx.StreamError, RuntimeError),
            self._api.stream("GET", "/stream", timeout=None) as answer,
        ):
            for line in answer.iter_lines():
                self._open.set()
                if line.startswith("data: {"):
                    now = time.monotonic()
                    device = json.loads(line.removeprefix("data: "))["alert"]["device"]
                    self.raised.setdefault(device, now)


@contextmanager
def _buttons(broker_url: str) -> Iterator[paho.Client]:
    address = urlsplit(broker_url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(str(address.hostname), int(address.port or 1883))
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def presses(bench: Bench, scene: Scene, seconds: float) -> list[float]:
    """Seconds from each press to its alert in the stream; every press is a new button at some school."""
    sizes = bench.sizes
    schools = [school.code for school in build_county(sizes.schools, 1).schools]
    random = Random(1)
    pressed: dict[str, float] = {}
    background = scene.load(int(sizes.background_rate * seconds), sizes.background_rate)
    with scene.api() as api, _buttons(scene.broker_url) as buttons, background as publisher:
        stream = Stream(api)
        while publisher.running:
            device = f"button-{next(_presses)}"
            pressed[device] = time.monotonic()
            buttons.publish(
                f"campus/v1/{random.choice(schools)}/native/buttons/events", _press(device), qos=1
            )
            threading.Event().wait(random.uniform(*PRESS_EVERY_SECONDS))
        publisher.finish(FOREVER)
        until(lambda: pressed.keys() <= stream.raised.keys(), "every press is in the stream", 120)
        return [stream.raised[device] - at for device, at in pressed.items()]


def _press(device: str) -> bytes:
    body = {"specversion": "1.0", "id": device, "source": device, "type": "panic_button", "data": {}}
    return json.dumps(body).encode()


def measure(bench: Bench) -> list[Row]:
    sizes = bench.sizes
    bench.say(f"presses over {sizes.background_rate}/s for {sizes.latency_seconds:g} s")
    with bench.scene() as scene:
        took = presses(bench, scene, sizes.latency_seconds)
    return rows("latency", took)


def rows(name: str, took: list[float]) -> list[Row]:
    return [
        told(f"{name}: presses", len(took), ""),
        at_most(f"{name}: publish to stream, median", statistics.median(took), "s", MEDIAN_SECONDS),
        at_most(f"{name}: publish to stream, p99", quantile(took, 0.99), "s", P99_SECONDS),
        at_most(f"{name}: publish to stream, worst", max(took), "s", WORST_SECONDS),
    ]
