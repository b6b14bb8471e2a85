"""Fully processed a second, sustained: at a fixed rate the backlog must not grow; then the highest such."""

import math
import time

import msgspec

from tests.benchmarks.readings import Reading, cpu_per_event, quantile, slope
from tests.benchmarks.scene import FOREVER, Bench, Scene
from tests.benchmarks.table import Row, at_least, at_most, told

DRAINED_WITHIN_SECONDS = 2.0
GIVEN_UP_AFTER_SECONDS = 60.0
"""A service that is hopelessly behind is not waited for."""
REACHED = 0.97
"""The publisher has kept its own rate when it reaches so much of it."""


class Run(msgspec.Struct, frozen=True):
    """One load at a rate. `drain_seconds`: from its last message to the last one processed, inf: given up.

    `readings`: each second while it was published; `last`: when all was processed, or given up.
    """

    published: float
    drain_seconds: float
    readings: list[Reading]
    last: Reading

    @property
    def sustained(self) -> bool:
        return self.drain_seconds <= DRAINED_WITHIN_SECONDS

    @property
    def processed_rate(self) -> float:
        """Events processed a second from the first look to the last."""
        first = self.readings[0]
        return (self.last.processed - first.processed) / (self.last.at - first.at)


def run_at(scene: Scene, rate: int, seconds: float) -> Run:
    """Publishes at the rate for so long, then waits until all is processed, wherever it queued."""
    messages = int(rate * seconds)
    done = scene.read().processed + messages
    with scene.watch() as watch:
        with scene.load(messages, rate) as publisher:
            sent = publisher.finish(FOREVER)
        ended = time.monotonic()
        readings = list(watch.readings)
    try:
        scene.until_processed(done, GIVEN_UP_AFTER_SECONDS)
        drained = time.monotonic() - ended
    except AssertionError:
        drained = math.inf
    return Run(sent.per_second, drained, readings, scene.read())


def measure(bench: Bench) -> list[Row]:
    """The ramp and the fixed rate each have a scene of their own: what one leaves waiting ends with it."""
    sizes = bench.sizes
    with bench.scene() as scene:
        rows = _highest(bench, scene)
    with bench.scene() as scene:
        bench.say(f"{sizes.process_rate}/s for {sizes.process_seconds:g} s")
        run = run_at(scene, sizes.process_rate, sizes.process_seconds)
    return [*rows, *_rows(run, sizes.process_rate)]


def _highest(bench: Bench, scene: Scene) -> list[Row]:
    """Up the ramp until a rate is not sustained, or the publisher itself cannot keep it."""
    highest = 0.0
    rows: list[Row] = []
    for rate in bench.sizes.ramp_rates:
        bench.say(f"ramp: {rate}/s, highest so far {highest:.0f}/s")
        run = run_at(scene, rate, bench.sizes.ramp_seconds)
        rows.append(told(f"process: at {run.published:.0f}/s, drained after", run.drain_seconds, "s"))
        rows.append(told(f"process: at {run.published:.0f}/s, processed", run.processed_rate, "events/s"))
        if not run.sustained:
            break
        highest = max(highest, run.published)
        if run.published < REACHED * rate:
            break
    target = bench.sizes.process_rate
    sustained = at_least("process: highest rate sustained", highest, "events/s", target, share=REACHED)
    return [*rows, sustained]


def _rows(run: Run, rate: int) -> list[Row]:
    name = f"process: {rate}/s"
    backlog = [reading.backlog for reading in run.readings]
    quarter = max(1, len(backlog) // 4)
    cpu = cpu_per_event(run.readings[0], run.last)
    # The log's backlog tells only half: a receiver that cannot keep up leaves the rest with the broker.
    first = run.readings[0]
    behind = [
        (r.at, run.published * (r.at - first.at) - (r.processed - first.processed)) for r in run.readings
    ]
    grows = slope(behind)
    drained = run.drain_seconds
    return [
        at_least(f"{name}, published", run.published, "msg/s", rate, share=REACHED, limit_from="rate"),
        told(f"{name}, processed", run.processed_rate, "events/s"),
        *(told(f"{name}, CPU per event, {process}", used, "µs") for process, used in cpu.items()),
        told(
            f"{name}, backlog in log, median of first quarter", quantile(backlog[:quarter], 0.5), "messages"
        ),
        told(f"{name}, backlog in log, median", quantile(backlog, 0.5), "messages"),
        told(
            f"{name}, backlog in log, median of last quarter", quantile(backlog[-quarter:], 0.5), "messages"
        ),
        told(f"{name}, backlog in log, most", max(backlog), "messages"),
        at_most(
            f"{name}, backlog at broker and in log grows by",
            max(0.0, grows),
            "msg/s",
            rate,
            share=0.01,
            limit_from="rate",
        ),
        at_most(f"{name}, drained after the last message", drained, "s", DRAINED_WITHIN_SECONDS),
    ]
