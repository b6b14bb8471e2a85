"""The ground of the bench, once for all of its tests."""

from collections.abc import Iterator

import pytest

from tests.faults.ground import PAIRS, Ground, prepared


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    with prepared(set(PAIRS)) as ground:
        yield ground
