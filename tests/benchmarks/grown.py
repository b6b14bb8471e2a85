"""What an old database does to the figures: the same short runs on an empty one and on a full one."""

import statistics
import threading
import time

import msgspec

from tests.benchmarks import latency, preload
from tests.benchmarks.process import run_at
from tests.benchmarks.readings import quantile, rate_until
from tests.benchmarks.scene import FOREVER, Bench, Scene
from tests.benchmarks.table import Row, at_least, at_most, told
from tests.e2e.service_process import until

REQUIRED_SHARE = 0.9
P99_SHARE = 1.2
OVERVIEW_P99_SECONDS = 0.02


class Measured(msgspec.Struct, frozen=True):
    """Of one size: rates a second, times in seconds."""

    committed: float
    processed: float
    latency_median: float
    latency_p99: float
    overview_idle_p99: float
    overview_busy_p99: float


def measure(bench: Bench) -> list[Row]:
    empty = _measured(bench, 0)
    grown = _measured(bench, bench.sizes.stored_events)
    return [
        told("grown: events stored before", bench.sizes.stored_events, ""),
        _as_quick("committed", grown.committed, "msg/s", empty.committed),
        _as_quick("processed", grown.processed, "events/s", empty.processed),
        _as_soon("median", grown.latency_median, empty.latency_median),
        _as_soon("p99", grown.latency_p99, empty.latency_p99),
        _overview("empty, idle", empty.overview_idle_p99),
        _overview("empty, busy", empty.overview_busy_p99),
        _overview("grown, idle", grown.overview_idle_p99),
        _overview("grown, busy", grown.overview_busy_p99),
    ]


def _as_quick(what: str, value: float, unit: str, empty: float) -> Row:
    return at_least(f"grown: {what}", value, unit, empty, share=REQUIRED_SHARE, limit_from="empty")


def _as_soon(what: str, value: float, empty: float) -> Row:
    return at_most(
        f"grown: publish to stream, {what}", value, "s", empty, share=P99_SHARE, limit_from="empty"
    )


def _overview(when: str, value: float) -> Row:
    return at_most(f"grown: overview p99, {when}", value, "s", OVERVIEW_P99_SECONDS)


def _measured(bench: Bench, stored: int) -> Measured:
    sizes = bench.sizes
    with bench.scene() as scene:
        if stored:
            scene.stop()
            preload.fill_events(scene.database_url, sizes, stored, bench.say)
            scene.start()
        size = f"{stored:,} stored"
        bench.say(f"{size}: warming up")
        run_at(scene, max(1, sizes.background_rate), min(3.0, sizes.grown_seconds))
        bench.say(f"{size}: overview")
        idle = overviews(scene, sizes.overview_requests)
        busy = _busy_overviews(bench, scene)
        bench.say(f"{size}: publish to stream")
        took = latency.presses(bench, scene, sizes.grown_seconds)
        bench.say(f"{size}: at full speed")
        committed, processed = _full_speed(scene, sizes.receive_messages)
    return Measured(
        committed,
        processed,
        statistics.median(took),
        quantile(took, 0.99),
        quantile(idle, 0.99),
        quantile(busy, 0.99),
    )


def _full_speed(scene: Scene, messages: int) -> tuple[float, float]:
    """(committed, processed) a second of a load as fast as the publisher can."""
    before = scene.read()
    with scene.watch(0.2) as watch:
        with scene.load(messages) as publisher:
            publisher.finish(FOREVER)
        done = before.processed + messages
        until(lambda: watch.readings[-1].processed >= done, "all is processed", FOREVER)
    return (
        rate_until([(reading.at, reading.committed) for reading in watch.readings]),
        rate_until([(reading.at, reading.processed) for reading in watch.readings]),
    )


def overviews(scene: Scene, requests: int) -> list[float]:
    """Seconds of each request, one after another, as a screen without a cache asks."""
    took = []
    with scene.api() as api:
        for _ in range(requests):
            began = time.perf_counter()
            answer = api.get("/view/overview")
            took.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
            # A screen asks now and then: back to back would measure our own queue.
            threading.Event().wait(0.01)
    return took


def _busy_overviews(bench: Bench, scene: Scene) -> list[float]:
    sizes = bench.sizes
    seconds = max(2.0, sizes.overview_requests * 0.1)
    with scene.load(int(sizes.background_rate * seconds), sizes.background_rate) as publisher:
        took = overviews(scene, sizes.overview_requests)
        publisher.end()
    return took
