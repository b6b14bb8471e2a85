"""Resident memory of the service's processes over a long, even load."""

from tests.benchmarks.readings import Reading, slope
from tests.benchmarks.scene import FOREVER, Bench
from tests.benchmarks.table import Row, at_most, told

LIMIT_MIB = 300
MIB = 1 << 20


def measure(bench: Bench) -> list[Row]:
    sizes = bench.sizes
    seconds = sizes.soak_minutes * 60
    bench.say(f"{sizes.background_rate}/s for {sizes.soak_minutes:g} min")
    with bench.scene() as scene, scene.watch() as watch:
        with scene.load(int(sizes.background_rate * seconds), sizes.background_rate) as publisher:
            publisher.finish(FOREVER + seconds)
        scene.until_processed(int(sizes.background_rate * seconds))
    return rows("memory", watch.readings)


def rows(name: str, readings: list[Reading]) -> list[Row]:
    """Pages that processes share are counted in each: the sum is an upper bound."""
    names = sorted({process for reading in readings for process in reading.memory})
    each = [
        told(f"{name}: {process}, most", max(r.memory.get(process, 0) for r in readings) / MIB, "MiB")
        for process in names
    ]
    later = readings[len(readings) // 2 :]
    growth = slope([(reading.at, reading.resident) for reading in later]) * 3600 / MIB
    return [
        *each,
        at_most(f"{name}: all processes, most", max(r.resident for r in readings) / MIB, "MiB", LIMIT_MIB),
        told(f"{name}: grows in the second half by", growth, "MiB/h"),
    ]
