"""The short form of the benchmarks: what loses a message fails by itself, what is given must be numbers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from tests.benchmarks.figures import FIGURES
from tests.benchmarks.pairs import PAIRS
from tests.benchmarks.scene import Bench, open_bench
from tests.benchmarks.sizes import SHORT

BOTH = frozenset({"receive", "process", "storm"})
"""On both pairs; the others take turns, since their parts run on both elsewhere."""
LOADED = ("receive", "process", "catch_up", "latency", "grown", "memory", "disk", "start")
"""Those that load a whole service; they take as long as all the others together."""


@contextmanager
def both_pairs() -> Iterator[list[Bench]]:
    with ExitStack() as stack:
        yield [stack.enter_context(open_bench(pair, SHORT, lambda _text: None)) for pair in PAIRS]


def check(benches: list[Bench], name: str) -> None:
    """Both pairs side by side: most of the time each of them waits."""
    chosen = benches if name in BOTH else [benches[list(FIGURES).index(name) % 2]]
    with ThreadPoolExecutor() as pool:
        for rows in pool.map(FIGURES[name], chosen):
            assert rows
            for row in rows:
                assert row.figure.startswith(f"{name}: ")
                assert row.value == row.value, f"{row.figure} is no number"
                assert row.value > 0 or row.unit in {"messages", "msg/s", "MiB/h"}, row
