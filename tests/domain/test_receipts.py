"""Receipts: order, repetition and batches make no difference; a gap is told, filled, or given up."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety_service.domain.receipts import MOST_RANGES, Key, Numbered, Numbering, Ticked, observe, tick

NOW = datetime(2026, 9, 1, tzinfo=UTC)
KEY = ("s-1", "gw")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def numbered(number: int, when: float = 0.0, *, retained: bool = False) -> Numbered:
    return Numbered("s-1", "gw", number, at(when), retained)


class Book:
    """The states of a pipeline, told batches and the time."""

    def __init__(self) -> None:
        self.states: dict[Key, Numbering] = {}
        self.told: list[tuple[str, str | None, bool]] = []

    def hear(self, numbers: Iterable[int], when: float = 0.0) -> None:
        observe(self.states, [numbered(number, when) for number in numbers])

    def tick(self, when: float) -> Ticked:
        ticked = tick([state for state in self.states.values() if state.is_open], at(when))
        self.told += [(e.phase, e.event_id, "given_up" in e.attributes) for e in ticked.events]
        return ticked

    @property
    def one(self) -> Numbering:
        return self.states[KEY]


def started(last: int = 5) -> Book:
    book = Book()
    book.hear(range(1, last + 1))
    return book


@pytest.mark.parametrize("first", [0, 1])
def test_a_first_number_with_nothing_below_counts_at_once(first: int) -> None:
    book = Book()
    book.hear([first])
    assert (book.one.covered, book.one.is_open) == (first, False)


def test_any_other_first_number_waits_ten_seconds_for_lower_ones() -> None:
    book = Book()
    book.hear([7, 8])
    assert book.tick(9.9).changed == []
    book.hear([6], when=9.9)
    assert book.one.covered == -1
    assert book.tick(10).changed == [book.one]
    assert (book.one.covered, book.one.is_open) == (8, False)


def test_a_number_one_ends_the_waiting() -> None:
    book = Book()
    book.hear([3, 4])
    book.hear([1])
    assert (book.one.covered, book.one.gap, book.one.first_at) == (1, (2, 2), None)
    book.hear([2])
    assert (book.one.covered, book.one.is_open) == (4, False)


def test_a_gap_that_stays_is_told_once_and_ends_when_it_is_filled() -> None:
    book = started()
    book.hear([8, 9], when=10)
    book.tick(69.9)
    assert book.told == []
    for second in (70, 71, 2000):
        ticked = book.tick(second)
        if second == 70:
            [event] = ticked.events
            assert (event.school, event.device, event.kind) == ("s-1", "gw", "sequence_gap")
            assert event.attributes == {"first_missing": 6, "last_missing": 7}
    assert book.told == [("start", "gap-gw-6", False)]
    assert book.one.covered == 5, "time alone never passes a gap"
    book.hear([6, 7], when=2001)
    book.tick(2001)
    assert book.told[1:] == [("end", "gap-gw-6", False)]
    assert (book.one.covered, book.one.is_open) == (9, False)


def test_a_told_gap_that_is_filled_in_pieces_ends_with_the_last_one() -> None:
    book = started()
    book.hear([10], when=0)
    book.tick(60)
    book.hear([8], when=61)
    book.hear([6, 7], when=62)
    book.tick(200)
    assert book.told == [("start", "gap-gw-6", False)]
    book.hear([9], when=201)
    book.tick(201)
    assert book.told[1:] == [("end", "gap-gw-6", False)]


def test_a_gap_is_given_up_when_the_gateway_was_heard_for_ten_minutes() -> None:
    book = started()
    book.hear([7], when=0)
    for second in range(30, 600, 30):
        book.hear([7 + second // 30], when=second)
        assert book.tick(second).lost == []
    book.hear([7 + 20], when=600)
    assert [tuple(lost) for lost in book.tick(600).lost] == [("s-1", "gw", 6, 6)]
    assert book.told == [("start", "gap-gw-6", False), ("end", "gap-gw-6", True)]
    assert (book.one.covered, book.one.is_open) == (27, False)


def test_many_short_pauses_add_up() -> None:
    book = started()
    for step in range(12_001):
        book.hear([7 + step], when=step * 0.05)
    assert book.one.heard_seconds == pytest.approx(600)


def test_silence_is_not_hearing() -> None:
    book = started()
    book.hear([7], when=0)
    for hour in range(1, 10):
        book.hear([7 + hour], when=hour * 3600)
        assert book.tick(hour * 3600).lost == [], "each pause counts as a minute at most"
    book.hear([17], when=10 * 3600)
    assert len(book.tick(10 * 3600).lost) == 1


def test_what_the_broker_retained_is_not_hearing() -> None:
    book = started()
    book.hear([7], when=0)
    observe(book.states, [numbered(8, second, retained=True) for second in range(30, 6000, 30)])
    assert book.one.heard_seconds == 0


def test_progress_gives_the_rest_of_a_gap_its_full_time_again() -> None:
    book = started()
    book.hear([20], when=0)
    for step in range(10):
        for second in range(step * 500, step * 500 + 500, 25):
            book.hear([20], when=second)
        book.hear([6 + step], when=step * 500 + 500)
        assert book.tick(step * 500 + 500).lost == []
    assert book.one.covered == 15


def test_a_clock_that_was_set_back_makes_nobody_wait() -> None:
    book = Book()
    book.hear([7], when=86_400)
    book.tick(0)
    book.tick(10)
    assert book.one.covered == 7


def test_a_repeat_of_what_is_covered_asks_for_the_receipt_again() -> None:
    book = started()
    assert not book.one.asked_again
    book.hear([2])
    assert (book.one.covered, book.one.asked_again) == (5, True)


def test_what_is_beyond_a_gap_stays_bounded_and_the_lowest_are_kept() -> None:
    book = started(1)
    book.hear(range(3, 10 * MOST_RANGES, 2))
    assert len(book.one.beyond) == MOST_RANGES
    assert book.one.beyond[0] == [3, 3]
    book.hear(range(2, 2 * MOST_RANGES + 1, 2))
    assert book.one.covered == 2 * MOST_RANGES + 1


def test_gateways_of_one_name_in_two_schools_are_two() -> None:
    states: dict[Key, Numbering] = {}
    touched = observe(states, [numbered(1), Numbered("s-2", "gw", 1, NOW), Numbered("s-2", "gw", 2, NOW)])
    assert {key: state.covered for key, state in touched.items()} == {KEY: 1, ("s-2", "gw"): 2}


Numbers = st.integers(1, 40)


@given(st.data(), st.integers(1, 40))
def test_order_repetition_and_batches_make_no_difference(data: st.DataObject, last: int) -> None:
    repeats = data.draw(st.lists(st.integers(1, last), max_size=20))
    sent = data.draw(st.permutations([*range(1, last + 1), *repeats]))
    book = Book()
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        book.hear(sent[:size])
        sent = sent[size:]
        if data.draw(st.booleans()):
            book.tick(5)
    assert (book.one.covered, book.one.beyond, book.one.is_open) == (last, [], False)


@given(st.lists(st.tuples(st.lists(Numbers, max_size=6), st.booleans()), max_size=30))
def test_covered_is_the_contiguous_run_and_never_falls(steps: list[tuple[list[int], bool]]) -> None:
    book, seen, base, before = Book(), set[int](), None, -1
    for step, (numbers, ticks) in enumerate(steps):
        book.hear(numbers, when=step * 11)
        seen |= set(numbers)
        if ticks:
            book.tick(step * 11)
        if not seen:
            continue
        state = book.one
        assert state.covered >= before
        before = state.covered
        if base is None and state.covered >= 0:
            base = 1 if 1 in seen else min(seen)
        if base is not None:
            run = base
            while run in seen:
                run += 1
            assert state.covered == run - 1
        flat = [edge for span in state.beyond for edge in span]
        assert flat == sorted(flat)
        assert all(low[1] + 1 < high[0] for low, high in zip(state.beyond, state.beyond[1:], strict=False))
        assert {n for low, high in state.beyond for n in range(low, high + 1)} == {
            n for n in seen if n > state.covered
        }
