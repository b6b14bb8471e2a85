"""Committed and acknowledged a second under a saturating publisher, beside a bare subscriber."""

import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

from tests.benchmarks.publisher import load
from tests.benchmarks.readings import Timeline, rate_until
from tests.benchmarks.scene import FOREVER, Bench
from tests.benchmarks.table import Row, at_least, told
from tests.broker import mosquitto_broker
from tests.e2e.service_process import until

REQUIRED_SHARE = 0.75
EVERY_SECONDS = 0.2


def measure(bench: Bench) -> list[Row]:
    """Both while the publisher runs and, for information, until all was received."""
    bare, bare_until = _bare(bench)
    timeline, published_until, sent = _service(bench)
    limit, limit_whole = rate_until(bare, bare_until), rate_until(bare)
    share = REQUIRED_SHARE
    return [
        told("receive: publisher at full speed", sent, "msg/s"),
        at_least(
            "receive: committed while publishing",
            rate_until(timeline, published_until),
            "msg/s",
            limit,
            share=share,
            limit_from="bare subscriber",
        ),
        at_least(
            "receive: committed until all are",
            rate_until(timeline),
            "msg/s",
            limit_whole,
            share=share,
            limit_from="bare subscriber",
        ),
    ]


def _bare(bench: Bench) -> tuple[Timeline, float]:
    """The count over time, and the moment the publisher ended."""
    sizes = bench.sizes
    bench.say(f"bare subscriber, {sizes.receive_messages} messages")
    with mosquitto_broker() as broker_url:
        address = urlsplit(broker_url)
        arguments = [str(address.hostname), str(address.port), str(sizes.receive_messages)]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.bare", *arguments], stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            with load(
                broker_url, sizes.receive_messages, schools=sizes.schools, devices=sizes.devices
            ) as publisher:
                lines: list[str] = []
                reader = threading.Thread(target=lines.extend, args=[process.stdout], daemon=True)
                began = time.monotonic()
                reader.start()
                publisher.finish(FOREVER)
                ended = time.monotonic()
                reader.join(FOREVER)
        finally:
            process.kill()
            process.wait(10)
    points = [(float(moment), int(count)) for moment, count in map(str.split, lines)]
    assert points[-1][1] == sizes.receive_messages
    return [(began, 0), *points] if len(points) == 1 else points, ended


def _service(bench: Bench) -> tuple[Timeline, float, float]:
    """The same of what is committed, and the publisher's rate."""
    messages = bench.sizes.receive_messages
    bench.say(f"service, {messages} messages")
    with bench.scene() as scene, scene.watch(EVERY_SECONDS) as watch:
        with scene.load(messages) as publisher:
            sent = publisher.finish(FOREVER)
        ended = time.monotonic()
        until(lambda: watch.readings[-1].committed >= messages, f"{messages} are committed", FOREVER)
        timeline = [(reading.at, reading.committed) for reading in watch.readings]
    # More than were sent means that the broker delivered some again: they were paid for all the same.
    return timeline, ended, sent.per_second
