"""What a robot with few tokens is sent, minute by minute, on a clock that only the test moves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from safety_service.domain.delivery import Waiting, take_turns
from safety_service.domain.rationing import MOST_IN_DIGEST, WINDOW, Ration, Spent, emptied, ration
from safety_service.domain.types import SEVERITY_RANK

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
TWENTY = 20


def row(number: int, school: str = "a", severity: str = "major", *, vital: bool = False) -> Waiting:
    rank = SEVERITY_RANK[severity]
    return Waiting(id=number, school=school, critical=severity == "critical", rank=rank, vital=vital)


def rows(count: int, school: str = "a", severity: str = "major", *, first: int = 1) -> list[Waiting]:
    return [row(number, school, severity) for number in range(first, first + count)]


def shared(waiting: list[Waiting], spent: list[Spent], slots: int = 100, per_minute: int = TWENTY) -> Ration:
    return ration(take_turns(waiting, {}, len(waiting)), spent, per_minute, NOW, slots)


def spent(count: int, *schools: str, seconds_ago: float = 10) -> list[Spent]:
    return [Spent(NOW - timedelta(seconds=seconds_ago), frozenset(schools))] * count


def ids(found: list[Waiting]) -> list[int]:
    return [one.id for one in found]


def test_what_the_tokens_allow_goes_singly() -> None:
    assert shared(rows(5), []) == Ration(rows(5), [])


def test_more_than_the_tokens_goes_in_one_digest() -> None:
    assert shared(rows(300), []) == Ration([], rows(300))


def test_a_digest_is_never_one_row_alone() -> None:
    assert shared(rows(1), spent(10, "a")) == Ration([], [])
    assert shared(rows(1), spent(9, "a")) == Ration(rows(1), [])


def test_without_tokens_all_but_life_safety_waits() -> None:
    waiting = [*rows(3), row(4, "a", "critical"), row(5, "a", "minor", vital=True), row(6, "b", "critical")]
    assert shared(waiting, spent(20, "a")) == Ration([row(5, "a", "minor", vital=True)], [])


def test_critical_alerts_are_never_put_into_a_digest() -> None:
    found = shared([*rows(300), *rows(3, severity="critical", first=400)], [])
    assert ids(found.single) == [400, 401, 402]
    assert len(found.digest) == 300
    flood = shared(rows(300, severity="critical"), [])
    assert (len(flood.single), flood.digest) == (15, [])


@pytest.mark.parametrize(
    ("severity", "gone", "served", "goes"),
    [
        ("critical", 19, "b", True),
        ("critical", 20, "b", False),
        ("critical", 14, "a", True),
        ("critical", 15, "a", False),
        ("major", 14, "b", True),
        ("major", 15, "b", False),
        ("major", 9, "a", True),
        ("major", 10, "a", False),
    ],
)
def test_the_last_tokens_are_for_critical_rows_and_other_schools(
    severity: str, gone: int, served: str, goes: bool
) -> None:
    found = shared([row(1, "a", severity)], spent(gone, served))
    assert bool(found.single) is goes


def test_a_school_that_had_none_pays_for_a_digest_of_all() -> None:
    waiting = [*rows(30, "a"), row(31, "b")]
    assert shared(waiting, spent(12, "a")).digest != []
    assert shared(rows(30, "a"), spent(12, "a")).digest == []


def test_a_token_comes_back_a_minute_after_it_was_spent() -> None:
    assert shared(rows(1), spent(20, "a", seconds_ago=59.9)).single == []
    assert shared(rows(1), spent(20, "a", seconds_ago=60)).single == rows(1)


def test_no_more_than_the_slots_are_on_their_way() -> None:
    assert shared(rows(5), [], slots=2).single == rows(2)
    assert shared(rows(5, severity="critical"), [], slots=2).single == rows(2, severity="critical")
    vital = [row(n, vital=True) for n in range(1, 6)]
    assert shared(vital, [], slots=2).single == vital[:2]
    full = shared([*rows(2, severity="critical"), *rows(50, first=10)], [], slots=2)
    assert (ids(full.single), full.digest) == ([1, 2], [])


def test_a_digest_has_a_limit() -> None:
    assert len(shared(rows(MOST_IN_DIGEST + 1), []).digest) == MOST_IN_DIGEST


def test_a_robot_that_asks_for_a_pause_gets_it_from_all_but_life_safety() -> None:
    until = NOW + timedelta(seconds=45)
    pause = emptied(TWENTY, until)
    alarm = row(2, vital=True)
    assert shared([row(1, "a", "critical"), alarm], pause) == Ration([alarm], [])
    later = ration([row(1)], pause, TWENTY, until, 100)
    assert later.single == [row(1)]


@pytest.mark.parametrize("per_minute", [1, 2, 3, 7, 20, 100])
def test_some_token_is_there_for_everybody(per_minute: int) -> None:
    assert shared(rows(1), [], per_minute=per_minute).single == rows(1)


class Robot:
    """A robot and its outbox, second by second; remembers when what was sent."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self.now = NOW
        self.waiting: list[Waiting] = []
        self.spent: list[Spent] = []
        self.sent: list[tuple[float, list[Waiting]]] = []

    def run(self, seconds: int, arriving: Callable[[int], list[Waiting]]) -> None:
        for second in range(seconds):
            self.now = NOW + timedelta(seconds=second)
            self.waiting += arriving(second)
            found = ration(
                take_turns(self.waiting, {}, len(self.waiting)), self.spent, self.per_minute, self.now, 20
            )
            for message in [*([one] for one in found.single), *([found.digest] if found.digest else [])]:
                self.sent.append((second, message))
                self.spent.append(Spent(self.now, frozenset(one.school for one in message)))
                self.waiting = [one for one in self.waiting if one not in message]


@pytest.mark.parametrize("per_minute", [1, 4, 20, 100])
def test_a_storm_of_ten_minutes_stays_below_the_limit_and_loses_nothing(per_minute: int) -> None:
    def storm(second: int) -> list[Waiting]:
        return rows(3, "a", first=1000 + 3 * second) if second < 600 else []

    robot = Robot(per_minute)
    robot.run(720, storm)
    times = [second for second, _ in robot.sent]
    for start in times:
        assert sum(start <= one < start + WINDOW.total_seconds() for one in times) <= per_minute
    told = [one.id for _, message in robot.sent for one in message]
    assert sorted(told) == list(range(1000, 2800))
    assert len(robot.sent) < 1800


def test_another_school_is_told_at_once_in_the_middle_of_a_storm() -> None:
    def storm(second: int) -> list[Waiting]:
        found = rows(5, "a", first=1000 + 5 * second)
        if second == 33:
            found.append(row(1, "b"))
        if second == 44:
            found.append(row(2, "c", "critical"))
        if second == 50:
            found.append(row(3, "a", "minor", vital=True))
        if second == 55:
            found.append(row(4, "a", "critical"))
        return found

    robot = Robot(TWENTY)
    robot.run(60, storm)
    told = {one.id: second for second, message in robot.sent for one in message if one.id < 1000}
    assert told == {1: 33, 2: 44, 3: 50, 4: 55}


def test_a_storm_of_critical_alerts_leaves_tokens_to_another_school() -> None:
    def storm(second: int) -> list[Waiting]:
        found = rows(2, "a", "critical", first=1000 + 2 * second)
        return [*found, row(1, "b", "critical")] if second == 30 else found

    robot = Robot(TWENTY)
    robot.run(40, storm)
    told = {one.id: second for second, message in robot.sent for one in message if one.id < 1000}
    assert told == {1: 30}
