"""Every benchmark that loads a service runs, and counts everything; how fast is not asked here."""

from collections.abc import Iterator

import pytest

from tests.benchmarks.scene import Bench
from tests.benchmarks.short_form import LOADED, both_pairs, check

pytestmark = [pytest.mark.bench, pytest.mark.production, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def benches() -> Iterator[list[Bench]]:
    with both_pairs() as both:
        yield both


@pytest.mark.parametrize("name", LOADED)
def test_figure(benches: list[Bench], name: str) -> None:
    check(benches, name)
