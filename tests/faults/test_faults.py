"""The short form of the fault bench: whatever is killed, cut, slowed or filled, nothing is lost."""

import pytest

from tests.faults import table
from tests.faults.faults import FAULTS
from tests.faults.ground import Ground
from tests.faults.plan import short
from tests.faults.run import run

RUNS = [(name, pair) for name, fault in FAULTS.items() for pair in fault.pairs]


@pytest.mark.production
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("name", "pair"), RUNS, ids=["-".join(one) for one in RUNS])
def test_nothing_is_lost_and_nothing_doubled(name: str, pair: str, ground: Ground) -> None:
    verdict = run(ground, name, pair, short(FAULTS[name]))
    print(table.line(verdict))
    assert verdict.clean, table.line(verdict)
    assert verdict.published == verdict.stored > 0
    assert verdict.harms == FAULTS[name].short
