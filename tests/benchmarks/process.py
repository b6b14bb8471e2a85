"""Fully processed a second, sustained: at a fixed rate the backlog must not grow; then the highest such."""

import math
import time

import msgspec

from tests.benchmarks.readings import Reading, cpu_per_event, quantile, slope
from tests.benchmarks.scene import FOREVER, Bench, Scene
from tests.benchmarks.table import Row, at_least, at_most, told

DRAINED_WITHIN_SECONDS = 2.0
NEAR_ZERO_SECONDS = 0.25
"""A backlog that is worked off in so much time is no backlog: it is the batch under way."""
REACHED = 0.97
"""The publisher has kept its own rate when it reaches so much of it."""


class Run(msgspec.Struct, frozen=True):
    """One load at a rate. `drain_seconds`: from its last message to the last one processed.

    `readings`: each second while it was published; `last`: when all was processed.
    """

    rate: float
    published: float
    drain_seconds: float
    readings: list[Reading]
    last: Reading

    @property
    def sustained(self) -> bool:
        return self.drain_seconds <= DRAINED_WITHIN_SECONDS


def run_at(scene: Scene, rate: int, seconds: float) -> Run:
    """Publishes at the rate for so long, then waits until all is processed, wherever it queued."""
    messages = int(rate * seconds)
    before = scene.read().processed
    with scene.watch() as watch:
        with scene.load(messages, rate) as publisher:
            sent = publisher.finish(FOREVER)
        ended = time.monotonic()
        count = len(watch.readings)
        scene.until_processed(before + messages)
        drained = time.monotonic() - ended
    return Run(rate, sent.per_second, drained, watch.readings[:count], scene.read())


def measure(bench: Bench) -> list[Row]:
    sizes = bench.sizes
    with bench.scene() as scene:
        run_at(
            scene, max(1, sizes.process_rate // 4), min(2.0, sizes.process_seconds)
        )  # every device seen once
        bench.say(f"{sizes.process_rate}/s for {sizes.process_seconds:g} s")
        run = run_at(scene, sizes.process_rate, sizes.process_seconds)
        return [*_rows(run, sizes.process_rate), *_highest(bench, scene)]


def _rows(run: Run, rate: int) -> list[Row]:
    backlog = [reading.backlog for reading in run.readings]
    quarter = max(1, len(backlog) // 4)
    first, last = backlog[:quarter], backlog[-quarter:]
    cpu = cpu_per_event(run.readings[0], run.last)
    grows = slope([(reading.at, reading.backlog) for reading in run.readings])
    return [
        at_least(
            "process: published at the fixed rate",
            run.published,
            "msg/s",
            rate,
            share=REACHED,
            limit_from="rate",
        ),
        *(told(f"process: CPU per event, {name}", used, "µs") for name, used in cpu.items()),
        told("process: backlog, median of the first quarter", quantile(first, 0.5), "messages"),
        told("process: backlog, median", quantile(backlog, 0.5), "messages"),
        told("process: backlog, median of the last quarter", quantile(last, 0.5), "messages"),
        told("process: backlog, most", max(backlog), "messages"),
        at_most("process: backlog grows by", max(0.0, grows), "msg/s", rate, share=0.01, limit_from="rate"),
        at_most(
            "process: all processed after the last message", run.drain_seconds, "s", DRAINED_WITHIN_SECONDS
        ),
    ]


def _highest(bench: Bench, scene: Scene) -> list[Row]:
    """Up the ramp until a rate is not sustained, or the publisher itself cannot keep it."""
    highest = 0.0
    rows: list[Row] = []
    for rate in bench.sizes.ramp_rates:
        bench.say(f"ramp: {rate}/s, highest so far {highest:.0f}/s")
        run = run_at(scene, rate, bench.sizes.ramp_seconds)
        backlog = math.nan if not run.readings else run.readings[-1].backlog
        rows.append(
            told(
                f"process: at {run.published:.0f}/s drained after ({backlog:.0f} waiting)",
                run.drain_seconds,
                "s",
            )
        )
        if not run.sustained:
            break
        highest = max(highest, run.published)
        if run.published < REACHED * rate:
            break
    target = bench.sizes.process_rate
    return [*rows, at_least("process: highest rate sustained", highest, "events/s", target)]
