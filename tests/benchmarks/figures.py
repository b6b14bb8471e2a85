"""The figures by name: each a function of a bench that gives rows."""

from collections.abc import Callable

from tests.benchmarks import process, receive
from tests.benchmarks.scene import Bench
from tests.benchmarks.table import Row

FIGURES: dict[str, Callable[[Bench], list[Row]]] = {
    "receive": receive.measure,
    "process": process.measure,
}
