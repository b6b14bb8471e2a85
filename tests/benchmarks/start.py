"""From the start of the process to the first commit of a message that waits at the broker."""

import statistics
import time
import urllib.request

from tests.benchmarks.scene import FOREVER, Bench, Scene
from tests.benchmarks.table import Row, at_most, told
from tests.e2e.service_process import until

LIMIT_SECONDS = 3.0
EVERY_SECONDS = 0.01


def measure(bench: Bench) -> list[Row]:
    """The median of some starts, with the worst."""
    healthy, committed = [], []
    with bench.scene() as scene:
        for number in range(bench.sizes.starts):
            bench.say(f"start {number + 1}")
            scene.stop()
            with scene.load(1) as publisher:
                publisher.finish(FOREVER)
            to_healthy, to_commit = _start(scene)
            healthy.append(to_healthy)
            committed.append(to_commit)
    return [
        told("start: to /healthz", statistics.median(healthy), "s"),
        at_most("start: to the first commit, median", statistics.median(committed), "s", LIMIT_SECONDS),
        at_most("start: to the first commit, worst", max(committed), "s", LIMIT_SECONDS),
    ]


def _start(scene: Scene) -> tuple[float, float]:
    """Seconds to the first answer, and to the first look that sees the message committed."""
    began = time.monotonic()
    scene.service.start()
    until(lambda: _answers(scene), "the service answers", every_seconds=EVERY_SECONDS)
    healthy = time.monotonic() - began
    until(lambda: scene.read().committed >= 1, "the message is committed", every_seconds=EVERY_SECONDS)
    return healthy, time.monotonic() - began


def _answers(scene: Scene) -> bool:
    try:
        with urllib.request.urlopen(f"{scene.service.address}/healthz", timeout=2):
            return True
    except OSError:
        return False
