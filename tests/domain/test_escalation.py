"""Which steps are due: by time, after a failure, with nobody there, and however time is cut."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety_service.domain.errors import Refused
from safety_service.domain.escalation import (
    Progress,
    Reached,
    Step,
    Taken,
    Target,
    applies,
    decide,
    is_held,
    next_due,
    shares,
    transition_of,
)
from safety_service.domain.escalation_reading import read_policy, write_steps
from safety_service.domain.types import Alert
from tests.conftest import NOW, SCHOOL
from tests.firing import raised


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def step(after: float, name: str, every: float = 0, times: int = 0) -> Step:
    return Step(after=minutes(after), notify=(Target(channel=name),), every=minutes(every), times=times)


def reach(one: Step) -> Reached:
    """Everybody is there."""
    return Reached(channels=tuple(target.channel or "" for target in one.notify))


def reach_but(*away: str) -> Any:
    def some(one: Step) -> Reached:
        names = reach(one).channels
        return Reached(
            channels=tuple(name for name in names if name not in away),
            nobody=tuple(name for name in names if name in away),
        )

    return some


def told(taken: tuple[Taken, ...]) -> list[tuple[float, int, int, str]]:
    """(minutes after the start, step from 1, repeat, cause)."""
    return [((one.at - NOW) / minutes(1), one.step + 1, one.repeat, one.cause) for one in taken]


STEPS = (step(5, "duty", every=10, times=3), step(20, "head"), step(60, "county"))
BY_TIME = "not_acknowledged"
ALL_OF_THEM = [(5, (1, 0)), (15, (1, 1)), (20, (2, 0)), (25, (1, 2)), (35, (1, 3)), (60, (3, 0))]


@pytest.mark.parametrize(
    ("at", "expected", "following"),
    [
        (4.99, [], 5),
        (5, [(5, 1, 0, BY_TIME)], 15),
        (15, [(5, 1, 0, BY_TIME), (15, 1, 1, BY_TIME)], 20),
        (20, [(5, 1, 0, BY_TIME), (15, 1, 1, BY_TIME), (20, 2, 0, BY_TIME)], 25),
        (
            500,
            [(at, *which, BY_TIME) for at, which in ALL_OF_THEM],
            None,
        ),
    ],
)
def test_what_is_due_by_time(at: float, expected: list[Any], following: float | None) -> None:
    outcome = decide(STEPS, Progress(counts_from=NOW), NOW + minutes(at), reach)
    assert told(outcome.taken) == expected
    assert outcome.next_due == (NOW + minutes(following) if following is not None else None)
    assert decide(STEPS, outcome.progress, NOW + minutes(at), reach).taken == ()


def test_a_failed_delivery_brings_the_next_step_and_what_follows_it_forward() -> None:
    first = decide(STEPS, Progress(counts_from=NOW), NOW + minutes(5), reach)
    hurried = msgspec.structs.replace(first.progress, hurried_by="notification 7 failed for good")
    second = decide(STEPS, hurried, NOW + minutes(6), reach)
    assert told(second.taken) == [(6, 2, 0, "delivery_failed")]
    assert second.taken[0].failure == "notification 7 failed for good"
    # The third step keeps its 40 minutes behind the second; the repeats jumped over stay away.
    assert second.next_due == NOW + minutes(11)
    rest = decide(STEPS, second.progress, NOW + minutes(500), reach)
    assert told(rest.taken) == [(11, 1, 2, BY_TIME), (21, 1, 3, BY_TIME), (46, 3, 0, BY_TIME)]


def test_a_failure_before_the_first_step_brings_the_first() -> None:
    outcome = decide(STEPS, Progress(counts_from=NOW, hurried_by="failed"), NOW + minutes(1), reach)
    assert told(outcome.taken) == [(1, 1, 0, "delivery_failed")]
    assert outcome.progress.hurried_by is None


def test_a_failure_when_the_next_step_is_due_anyway_adds_none() -> None:
    outcome = decide(STEPS, Progress(counts_from=NOW, hurried_by="failed"), NOW + minutes(5), reach)
    assert told(outcome.taken) == [(5, 1, 0, BY_TIME)]


def test_a_failure_when_a_repeat_is_due_still_brings_the_next_step() -> None:
    progress = Progress(counts_from=NOW, passed=1, hurried_by="failed")
    outcome = decide(STEPS, progress, NOW + minutes(15), reach)
    assert told(outcome.taken) == [(15, 1, 1, BY_TIME), (15, 2, 0, "delivery_failed")]


def test_a_failure_after_the_last_step_leaves_the_repeats_at_their_times() -> None:
    alone = (step(5, "duty", every=10, times=2),)
    outcome = decide(alone, Progress(counts_from=NOW, passed=1, hurried_by="failed"), NOW + minutes(6), reach)
    assert (outcome.taken, outcome.next_due) == ((), NOW + minutes(15))


def test_nobody_on_duty_goes_on_to_the_next_step_at_once() -> None:
    outcome = decide(STEPS, Progress(counts_from=NOW), NOW + minutes(5), reach_but("duty"))
    assert told(outcome.taken) == [(5, 1, 0, "nobody_on_duty"), (5, 2, 0, BY_TIME)]
    assert outcome.taken[0].reached.nobody == ("duty",)
    rest = decide(STEPS, outcome.progress, NOW + minutes(45), reach)
    assert told(rest.taken)[-1] == (45, 3, 0, BY_TIME)


def test_nobody_anywhere_is_recorded_step_by_step_to_the_end() -> None:
    everybody = reach_but("duty", "head", "county")
    outcome = decide(STEPS, Progress(counts_from=NOW), NOW + minutes(5), everybody)
    assert told(outcome.taken) == [(5, n, 0, "nobody_on_duty") for n in (1, 2, 3)]
    assert outcome.next_due is None


def test_nobody_for_the_last_step_is_asked_again_by_its_repeats() -> None:
    alone = (step(5, "duty", every=10, times=1),)
    outcome = decide(alone, Progress(counts_from=NOW), NOW + minutes(5), reach_but("duty"))
    assert (told(outcome.taken), outcome.next_due) == ([(5, 1, 0, "nobody_on_duty")], NOW + minutes(15))


def test_several_steps_of_one_look_tell_each_channel_once_by_the_last() -> None:
    both = Step(after=minutes(7), notify=(Target(channel="duty"), Target(channel="head")))
    outcome = decide((step(5, "duty"), both), Progress(counts_from=NOW), NOW + minutes(8), reach)
    assert shares(outcome.taken) == [(), ("duty", "head")]


def test_the_transition_says_who_was_told_and_why() -> None:
    alert = raised(SCHOOL).alert
    reached = Reached(
        channels=("a", "b"),
        on_duty=({"roster": "duty", "member": "ada", "name": "Ada"},),
        not_told=({"channel": "c", "reason": "it is switched off"},),
    )
    one = Taken(at=NOW, step=1, repeat=2, cause="delivery_failed", reached=reached, failure="lost")
    transition = transition_of(one, ("b",), "night", alert)
    assert (transition.change, transition.actor, transition.reason) == (
        "escalated",
        "system",
        "delivery_failed",
    )
    assert transition.detail == {
        "policy": "night",
        "step": 2,
        "repeat": 2,
        "channels": ["b"],
        "on_duty": [{"roster": "duty", "member": "ada", "name": "Ada"}],
        "told_with_a_later_step": ["a"],
        "not_told": [{"channel": "c", "reason": "it is switched off"}],
        "failure": "lost",
    }


@pytest.mark.parametrize(
    ("kind", "suppressed_by", "expected"),
    [("intrusion", None, False), ("intrusion", "silence 1", True), ("smoke", "silence 1", False)],
)
def test_suppression_holds_all_but_life_safety(kind: str, suppressed_by: str | None, expected: bool) -> None:
    alert: Alert = msgspec.structs.replace(raised(SCHOOL).alert, kind=kind, suppressed_by=suppressed_by)
    assert is_held(alert) is expected


STEP: dict[str, Any] = {"after": "5m", "notify": [{"channel": "a"}]}


@pytest.mark.parametrize(
    ("steps", "place", "words"),
    [
        ([], "steps", "1 to 20"),
        ([STEP] * 2, "steps[1].after", "later than the step before it (5m)"),
        ([{**STEP, "after": "soon"}], "steps[0].after", "soon"),
        ([{**STEP, "notify": []}], "steps[0].notify", "tells somebody"),
        ([{**STEP, "notify": [{}]}], "steps[0].notify[0]", "either"),
        ([{**STEP, "notify": [{"roster": "r", "channel": "c"}]}], "steps[0].notify[0]", "either"),
        ([{**STEP, "repeat": {"every": "10m", "times": 0}}], "steps[0].repeat.times", "1 to 50"),
        ([{**STEP, "repeat": {"every": "10m", "times": 51}}], "steps[0].repeat.times", "1 to 50"),
        ([{**STEP, "repeat": {"every": "59s", "times": 1}}], "steps[0].repeat.every", "at least 1m"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(steps: Any, place: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        read_policy("p", steps, "warning", "steps")
    assert [words in reason for where, reason in refused.value.problems if where == place] == [True]


def test_steps_are_kept_as_they_were_written() -> None:
    written: list[dict[str, Any]] = [
        {"after": "0s", "notify": [{"roster": "duty"}], "repeat": {"every": "10m", "times": 3}},
        {"after": "1h30m", "notify": [{"channel": "a"}, {"channel": "b"}], "repeat": None},
    ]
    read = read_policy("p", written, "major", "steps")
    assert write_steps(read.steps) == written
    assert [applies(read, severity) for severity in ("critical", "major", "minor")] == [True, True, False]


ANY_STEPS = st.lists(
    st.tuples(st.integers(1, 30), st.integers(1, 20), st.integers(0, 3)), min_size=1, max_size=4
)


@settings(max_examples=200, deadline=None)
@given(
    gaps=ANY_STEPS,
    ticks=st.lists(st.integers(0, 250 * 60), max_size=30),
    away=st.sets(st.sampled_from(["0", "1", "2", "3"])),
)
def test_however_time_is_cut_the_same_steps_come(
    gaps: list[tuple[int, int, int]], ticks: list[int], away: set[str]
) -> None:
    steps, after = [], 0
    for number, (gap, every, times) in enumerate(gaps):
        after += gap
        steps.append(step(after, str(number), every, times))
    end, who = NOW + timedelta(minutes=250), reach_but(*away)
    once = decide(steps, Progress(counts_from=NOW), end, who)

    progress = Progress(counts_from=NOW)
    taken: list[Taken] = []
    for second in [*sorted(ticks), 250 * 60]:
        now = NOW + timedelta(seconds=second)
        due: datetime | None = next_due(steps, progress)
        outcome = decide(steps, progress, now, who)
        assert bool(outcome.taken) == (due is not None and due <= now)
        progress = outcome.progress
        taken += outcome.taken
    assert taken == list(once.taken)
    assert progress == once.progress
