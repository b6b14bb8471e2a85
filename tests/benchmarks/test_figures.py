"""Every benchmark runs on both pairs and counts everything; how fast is not asked here."""

from collections.abc import Iterator

import pytest

from tests.benchmarks.figures import FIGURES
from tests.benchmarks.pairs import PAIRS
from tests.benchmarks.scene import Bench, open_bench
from tests.benchmarks.sizes import SHORT

pytestmark = [pytest.mark.bench, pytest.mark.production, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", params=list(PAIRS))
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with open_bench(request.param, SHORT, lambda _text: None) as bench:
        yield bench


@pytest.mark.parametrize("name", list(FIGURES))
def test_figure(bench: Bench, name: str) -> None:
    """A figure that loses a message on the way fails by itself; what it gives must be numbers about it."""
    rows = FIGURES[name](bench)
    assert rows
    for row in rows:
        assert row.figure.startswith(f"{name}: ")
        assert row.value == row.value, f"{row.figure} is no number"
        assert row.value > 0 or row.unit in {"messages", "msg/s", "MiB/h"}, row
