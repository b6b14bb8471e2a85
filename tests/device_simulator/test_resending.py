"""Sending again: from the lowest uncovered number, after a reconnect, after silence, and not for ever."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device_simulator.resending import MOST_UNHEARD, RECEIPT_GRACE_SECONDS, Resending
from device_simulator.spool import Spool

SCHOOL = "370828-001"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "x.spool")


@pytest.fixture
def resending(spool: Spool) -> Resending:
    return Resending({SCHOOL: spool}, silence_seconds=30)


@pytest.fixture
def keep(spool: Spool, resending: Resending) -> Callable[..., None]:
    def keep(*numbers: int, now: float = 0) -> None:
        for number in numbers:
            spool.keep(number, "t", b"{}")
            resending.kept(SCHOOL, now)

    return keep


def receipt(resending: Resending, number: int, now: float = 0) -> None:
    resending.take_receipt(f"campus/v1/{SCHOOL}/receipts/gw", b'{"sequence": %d}' % number, now)


def batch(resending: Resending, limit: int = 100) -> list[int]:
    numbers = [kept.number for kept in resending.batch(SCHOOL, limit)]
    if numbers:
        resending.sent(SCHOOL, numbers[-1])
    return numbers


def test_after_a_reconnect_the_retained_receipt_comes_first(
    resending: Resending, keep: Callable[..., None]
) -> None:
    keep(1, 2, 3, 4)
    resending.reconnected([SCHOOL], now=10)
    assert resending.due(10.4) == []
    receipt(resending, 2, now=10.4)
    assert resending.due(10 + RECEIPT_GRACE_SECONDS) == [SCHOOL]
    assert batch(resending) == [3, 4]
    assert batch(resending) == []
    assert resending.due(11) == []


def test_a_break_midway_begins_again_at_the_lowest(resending: Resending, keep: Callable[..., None]) -> None:
    keep(*range(1, 10))
    resending.reconnected([SCHOOL], now=0)
    assert batch(resending, 5) == [1, 2, 3, 4, 5]
    receipt(resending, 2, now=1)
    resending.reconnected([SCHOOL], now=1)
    assert resending.due(1.1) == [], "the pause for the receipt is made again"
    assert batch(resending) == [3, 4, 5, 6, 7, 8, 9]


def test_what_is_kept_meanwhile_is_not_sent_twice(resending: Resending, keep: Callable[..., None]) -> None:
    keep(1, 2)
    resending.reconnected([SCHOOL], now=0)
    keep(3, now=0.1)
    assert batch(resending) == [1, 2]
    assert batch(resending) == []


def test_silence_counts_also_where_no_receipt_ever_came(
    resending: Resending, keep: Callable[..., None]
) -> None:
    keep(1, now=100)
    keep(2, now=120)
    assert resending.due(129.9) == []
    assert resending.due(130) == [SCHOOL]
    assert batch(resending) == [1, 2]
    assert batch(resending) == []


def test_silence_upon_silence_is_waited_for_longer_until_a_receipt_comes(
    resending: Resending, keep: Callable[..., None]
) -> None:
    keep(1, 2, now=100)
    now = 100
    for silences in (1, 2, 4, 8, 8):
        assert resending.due(now + 30 * silences - 1) == []
        now += 30 * silences
        assert resending.due(now) == [SCHOOL]
        batch(resending)
        assert batch(resending) == []
    receipt(resending, 1, now=now)
    assert resending.due(now + 29) == []
    assert resending.due(now + 30) == [SCHOOL]


def test_no_more_than_a_share_goes_out_again_before_a_receipt_covers_some_of_it(
    resending: Resending, keep: Callable[..., None]
) -> None:
    keep(*range(1, MOST_UNHEARD + 11), now=0)
    assert resending.due(30) == [SCHOOL]
    assert batch(resending, MOST_UNHEARD * 2) == list(range(1, MOST_UNHEARD + 1))
    assert batch(resending) == []
    assert resending.due(31) == []

    receipt(resending, MOST_UNHEARD - 1, now=31)

    assert resending.due(31) == [SCHOOL]
    assert batch(resending) == list(range(MOST_UNHEARD, MOST_UNHEARD + 11))
    assert batch(resending) == []
    assert resending.due(32) == []


def test_a_quiet_night_is_no_silence(resending: Resending, keep: Callable[..., None]) -> None:
    keep(1, now=0)
    receipt(resending, 1, now=1)
    assert resending.due(10_000) == []
    keep(2, now=10_000)
    assert resending.due(10_001) == []


def test_a_receipt_that_covers_nothing_new_does_not_break_the_silence(
    resending: Resending, keep: Callable[..., None]
) -> None:
    keep(1, 2)
    receipt(resending, 1, now=5)
    receipt(resending, 1, now=34)
    assert resending.due(35) == [SCHOOL]


def test_a_queue_that_stays_full_does_not_put_it_off(resending: Resending, keep: Callable[..., None]) -> None:
    for second in range(30):
        keep(second + 1, now=second)
        resending.not_taken(SCHOOL, now=second)
    assert resending.due(30) == [SCHOOL]
    assert len(batch(resending)) == 30


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b'{"sequence": "x"}'])
def test_what_is_no_receipt_changes_nothing(
    payload: bytes, resending: Resending, spool: Spool, keep: Callable[..., None]
) -> None:
    keep(1)
    resending.take_receipt(f"campus/v1/{SCHOOL}/receipts/gw", payload, 0)
    receipt(Resending({}), 5)
    assert (spool.covered, resending.heard) == (0, set())
