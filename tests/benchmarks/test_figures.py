"""Every benchmark runs, and counts everything; how fast is not asked here."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.benchmarks.figures import FIGURES
from tests.benchmarks.pairs import PAIRS
from tests.benchmarks.scene import Bench, open_bench
from tests.benchmarks.sizes import SHORT

pytestmark = [pytest.mark.bench, pytest.mark.production, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def benches() -> Iterator[list[Bench]]:
    with ExitStack() as stack:
        yield [stack.enter_context(open_bench(pair, SHORT, lambda _text: None)) for pair in PAIRS]


BOTH = frozenset({"receive", "process", "storm"})
"""On both pairs; the others take turns, since their parts run on both elsewhere."""


@pytest.mark.parametrize(("number", "name"), list(enumerate(FIGURES)), ids=list(FIGURES))
def test_figure(benches: list[Bench], number: int, name: str) -> None:
    """A figure that loses a message on the way fails by itself; what it gives must be numbers about it.

    Both pairs side by side: most of the time each of them waits.
    """
    chosen = benches if name in BOTH else [benches[number % 2]]
    with ThreadPoolExecutor() as pool:
        for rows in pool.map(FIGURES[name], chosen):
            assert rows
            for row in rows:
                assert row.figure.startswith(f"{name}: ")
                assert row.value == row.value, f"{row.figure} is no number"
                assert row.value > 0 or row.unit in {"messages", "msg/s", "MiB/h"}, row
