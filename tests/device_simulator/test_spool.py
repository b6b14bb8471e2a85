"""The spool: nothing uncovered is ever lost, nothing covered comes back."""

import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_simulator.errors import SimulatorError
from device_simulator.spool import Kept, Spool

TOPIC = "campus/v1/370828-001/native/gw-1/events"


def numbers(spool: Spool) -> list[int]:
    return [kept.number for kept in spool.pending()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "370828-001.gw-1.spool"


def filled(path: Path, *kept: int) -> Spool:
    spool = Spool(path)
    for number in kept:
        spool.keep(number, TOPIC, b'{"n":%d}' % number)
    return spool


def test_keeps_until_covered(path: Path) -> None:
    spool = filled(path, 1, 2, 3)
    spool.cover(2)
    assert [(kept.number, kept.topic, kept.payload) for kept in spool.pending()] == [(3, TOPIC, b'{"n":3}')]
    spool.close()


def test_everything_is_there_after_a_restart(path: Path) -> None:
    # not closed: a killed process does not close either
    filled(path, 1, 2, 5).cover(1)
    again = Spool(path)
    assert numbers(again) == [2, 5]
    assert (again.covered, again.last) == (1, 5)
    again.keep(6, TOPIC, b"{}")
    assert numbers(Spool(path)) == [2, 5, 6]


def test_numbers_go_on_where_everything_was_covered(path: Path) -> None:
    filled(path, 1, 2).cover(2)
    assert (numbers(Spool(path)), Spool(path).last) == ([], 2)


def test_a_receipt_beyond_what_is_known_moves_the_counter(path: Path) -> None:
    spool = filled(path, 1)
    spool.cover(40)
    assert (numbers(spool), spool.last) == ([], 40)
    with pytest.raises(ValueError, match="does not follow 40"):
        spool.keep(40, TOPIC, b"{}")


def test_an_old_receipt_changes_nothing(path: Path) -> None:
    spool = filled(path, 1, 2, 3)
    spool.cover(3)
    spool.cover(1)
    assert (numbers(spool), spool.covered) == ([], 3)


def test_pending_in_pieces(path: Path) -> None:
    spool = filled(path, *range(1, 8))
    spool.cover(1)
    assert [kept.number for kept in spool.pending(after=3, limit=2)] == [4, 5]
    assert spool.pending(after=7) == []


def test_a_torn_last_line_is_cut_off(path: Path) -> None:
    filled(path, 1, 2).close()
    whole = path.read_bytes()
    path.write_bytes(whole + b"K 3 " + TOPIC.encode()[:9])
    spool = Spool(path)
    assert numbers(spool) == [1, 2]
    spool.keep(3, TOPIC, b"{}")
    assert numbers(Spool(path)) == [1, 2, 3]


@pytest.mark.parametrize("line", [b"X 1", b"K one topic {}", b"K 3", b"C", b""])
def test_a_foreign_file_is_refused_by_name_and_line(path: Path, line: bytes) -> None:
    filled(path, 1).close()
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(SimulatorError, match=r"gw-1\.spool, line 2 "):
        Spool(path)


def test_a_payload_of_two_lines_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="several lines"):
        filled(path).keep(1, TOPIC, b"{\n}")


def test_a_topic_with_a_space_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="space"):
        filled(path).keep(1, "a b", b"{}")


def test_a_carriage_return_in_a_payload_comes_back(path: Path) -> None:
    Spool(path).keep(1, TOPIC, b'{\r"n":\r1}')
    assert [kept.payload for kept in Spool(path).pending()] == [b'{\r"n":\r1}']


def test_several_kept_together_are_all_there_or_none(path: Path) -> None:
    spool = filled(path, 1)
    with pytest.raises(ValueError, match="number 2 does not follow 2"):
        spool.keep_all([Kept(2, TOPIC, b"{}"), Kept(2, TOPIC, b"{}")])
    assert (numbers(spool), numbers(Spool(path))) == ([1], [1])
    spool.keep_all([Kept(2, TOPIC, b"{}"), Kept(4, TOPIC, b"{}")])
    assert (numbers(spool), numbers(Spool(path)), spool.waiting) == ([1, 2, 4], [1, 2, 4], 3)


def test_a_full_disk_leaves_no_half_line(path: Path) -> None:
    spool = filled(path, 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # a limit on the size of files is the disk that fills up; SIGXFSZ is ignored by Python
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            spool.keep(2, TOPIC, b"{}" * 50)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    spool.keep(3, TOPIC, b"{}")
    assert (numbers(spool), numbers(Spool(path))) == ([1, 3], [1, 3])


def test_the_file_does_not_grow_for_ever(path: Path) -> None:
    spool = filled(path)
    largest = 0
    for number in range(1, 20_001):
        spool.keep(number, TOPIC, b"{}")
        if number % 10 == 0:
            spool.cover(number - 5)
            largest = max(largest, path.stat().st_size)
    assert largest < 300_000
    assert numbers(spool) == list(range(19_996, 20_001))
    assert numbers(Spool(path)) == list(range(19_996, 20_001))
    assert Spool(path).last == 20_000


@given(st.lists(st.one_of(st.just("keep"), st.just("restart"), st.integers(0, 40)), max_size=60))
def test_behaves_like_a_list(tmp_path_factory: pytest.TempPathFactory, steps: list[str | int]) -> None:
    path = tmp_path_factory.mktemp("spool") / "x.spool"
    spool, model, last, covered = Spool(path), [], 0, 0
    for step in steps:
        if step == "keep":
            last += 1
            spool.keep(last, TOPIC, b"{}")
            model.append(last)
        elif step == "restart":
            spool.close()
            spool = Spool(path)
        elif isinstance(step, int):
            spool.cover(step)
            covered, last = max(covered, step), max(last, step)
            model = [number for number in model if number > covered]
        assert (numbers(spool), spool.last, spool.covered) == (model, last, covered)
    spool.close()
