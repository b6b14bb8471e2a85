"""The figures by name: each a function of a bench that gives rows."""

from collections.abc import Callable

from tests.benchmarks import (
    advance,
    backtest,
    cafeterias,
    catch_up,
    crowd,
    decoding,
    disk,
    grown,
    judge,
    latency,
    memory,
    process,
    receive,
    start,
    storm,
)
from tests.benchmarks.scene import Bench
from tests.benchmarks.table import Row

FIGURES: dict[str, Callable[[Bench], list[Row]]] = {
    "receive": receive.measure,
    "process": process.measure,
    "catch_up": catch_up.measure,
    "latency": latency.measure,
    "grown": grown.measure,
    "memory": memory.measure,
    "disk": disk.measure,
    "start": start.measure,
    "advance": advance.measure,
    "backtest": backtest.measure,
    "judge": judge.measure,
    "decoding": decoding.measure,
    "crowd": crowd.measure,
    "storm": storm.measure,
    "cafeterias": cafeterias.measure,
}
