"""A backlog that grew while the service was away is worked off: from the broker's queue, and from the log."""

import time

from tests.benchmarks import preload
from tests.benchmarks.readings import rate_until
from tests.benchmarks.scene import FOREVER, Bench, Scene
from tests.benchmarks.table import Row, at_least, told
from tests.e2e.service_process import until

REQUIRED = 30_000


def measure(bench: Bench) -> list[Row]:
    count = bench.sizes.catch_up_messages
    with bench.scene() as scene:
        scene.stop()
        bench.say(f"{count} messages to the broker while the service is away")
        with scene.load(count) as publisher:
            publisher.finish(FOREVER)
        from_broker, _ = _work_off(bench, scene, count)
    with bench.scene() as scene:
        scene.stop()
        preload.fill_log(scene.database_url, bench.sizes, count, bench.say)
        from_log, whole = _work_off(bench, scene, count)
    return [
        told("catch_up: backlog at the broker, processed", from_broker, "events/s"),
        at_least("catch_up: backlog in the message log, processed", from_log, "events/s", REQUIRED),
        told("catch_up: backlog in the message log, from the start of the process", whole, "s"),
    ]


def _work_off(bench: Bench, scene: Scene, count: int) -> tuple[float, float]:
    """(events a second from the first to the last one, seconds from the start of the process)."""
    began = time.monotonic()
    scene.start()
    # A new process counts from 0: its first readings tell when it began to work.
    bench.say(f"working off {count}")
    with scene.watch(0.2) as watch:
        until(
            lambda: bool(watch.readings) and watch.readings[-1].processed >= count,
            "all is processed",
            FOREVER,
        )
    timeline = [(began, 0), *((reading.at, reading.processed) for reading in watch.readings)]
    ended = next(at for at, processed in timeline if processed >= count)
    # Where the first look already saw some of it, the rate is that between the looks.
    moving = timeline[1:] if timeline[1][1] and len(timeline) > 2 else timeline
    return rate_until(moving) or count / (ended - began), ended - began
