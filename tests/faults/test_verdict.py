"""The bench can fail: each kind of damage is counted where it was done."""

import pytest

from tests.faults import verdict
from tests.faults.hook import count_repeated
from tests.faults.stream import stream_faults
from tests.faults.verdict import Verdict

PRESS = """INSERT INTO event (partition, position, school, event_id, source, kind, phase)
    VALUES (1, 1, '370828-001', 'load-a-1', 'd', 'panic_button', 'pulse')"""


def test_an_id_that_comes_again_counts_unless_something_was_killed_in_between() -> None:
    assert count_repeated([[1.0], [1.0, 9.0]], kills=[]) == 1
    assert count_repeated([[1.0, 9.0]], kills=[0.5, 9.5]) == 1
    assert count_repeated([[1.0, 9.0]], kills=[5.0]) == 0
    assert count_repeated([[1.0, 9.0, 10.0]], kills=[5.0]) == 1


def test_a_stream_must_bring_every_number_once_and_in_order() -> None:
    assert stream_faults([1, 2, 3], newest=3) == 0
    assert stream_faults([1, 3], newest=3) == 1
    assert stream_faults([1, 2, 2, 3], newest=3) == 1
    assert stream_faults([1, 3, 2], newest=3) == 1
    assert stream_faults([1, 2], newest=3) == 1
    assert stream_faults([], newest=3) == 3


@pytest.mark.parametrize("name", verdict.ZEROS)
def test_no_run_is_clean_with_one_of_the_zeros_missing(name: str) -> None:
    one = Verdict(fault="any", pair="any")
    assert one.clean
    setattr(one, name, 1)
    assert not one.clean


def test_what_else_is_wrong_is_not_clean_either() -> None:
    assert not Verdict(fault="any", pair="any", wrong=["something"]).clean
