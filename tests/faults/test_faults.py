"""The short form of the fault bench: whatever is killed, cut, slowed or filled, nothing is lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults import table
from tests.faults.faults import FAULTS
from tests.faults.ground import Ground
from tests.faults.plan import short
from tests.faults.run import run


@pytest.mark.production
@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_lost_and_nothing_doubled(name: str, ground: Ground) -> None:
    """Both pairs side by side: most of the time each of them waits."""
    fault = FAULTS[name]
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(run, ground, name, pair, short(fault)) for pair in fault.pairs]
    for one in runs:
        verdict = one.result()
        print(table.line(verdict))
        assert verdict.clean, table.line(verdict)
        assert verdict.published == verdict.stored > 0
        assert verdict.harms == fault.short
