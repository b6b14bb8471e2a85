"""From a panic button to the wall screen: publish to the stream, while a whole county reports."""

import statistics
import threading
import time
from itertools import count
from random import Random

from device_simulator.county import build_county
from tests.benchmarks.buttons import buttons
from tests.benchmarks.listening import Stream
from tests.benchmarks.readings import quantile
from tests.benchmarks.scene import FOREVER, Bench, Scene
from tests.benchmarks.table import Row, at_most, told
from tests.e2e.service_process import until

MEDIAN_SECONDS, P99_SECONDS, WORST_SECONDS = 0.05, 0.25, 1.0
PRESS_EVERY_SECONDS = (0.2, 0.5)
_presses = count(1)


def presses(bench: Bench, scene: Scene, seconds: float) -> list[float]:
    """Seconds from each press to its alert in the stream; every press is a new button at some school."""
    sizes = bench.sizes
    schools = [school.code for school in build_county(sizes.schools, 1).schools]
    random = Random(1)
    pressed: dict[str, float] = {}
    background = scene.load(int(sizes.background_rate * seconds), sizes.background_rate)
    with scene.api() as api, buttons(scene.broker_url) as gateway, background as publisher:
        stream = Stream(api, "raised", lambda alert: alert["device"])
        while publisher.running:
            device = f"button-{next(_presses)}"
            pressed[device] = time.monotonic()
            gateway.press(random.choice(schools), device)
            threading.Event().wait(random.uniform(*PRESS_EVERY_SECONDS))
        publisher.finish(FOREVER)
        until(lambda: pressed.keys() <= stream.at.keys(), "every press is in the stream", 120)
        return [stream.at[device] - at for device, at in pressed.items()]


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
