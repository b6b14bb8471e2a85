"""Escalation policies as people write them: every problem with its field, or the checked policy."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from safety_service.domain.errors import Refused
from safety_service.domain.escalation import Policy, Step, Target
from safety_service.domain.rules.durations import parse_duration, show_duration

MOST_STEPS = 20
MOST_REPEATS = 50
SHORTEST_PAUSE = timedelta(minutes=1)

Problems = list[tuple[str, str]]


def read_policy(policy: str, steps: Sequence[Mapping[str, Any]], min_severity: str, place: str) -> Policy:
    """The policy; raises Refused with every problem, each under `place`, such as `body.steps[1].after`.

    A step is `{after, notify: [{roster} or {channel}], repeat: {every, times} or None}`.
    """
    problems: Problems = []
    if not 1 <= len(steps) <= MOST_STEPS:
        problems.append((place, f"a policy has 1 to {MOST_STEPS} steps"))
    found: list[Step] = []
    for number, step in enumerate(steps):
        here = f"{place}[{number}]"
        after = _duration(step.get("after"), f"{here}.after", problems)
        every, times = _repeat(step.get("repeat"), f"{here}.repeat", problems)
        notify = _targets(step.get("notify") or (), f"{here}.notify", problems)
        if found and after is not None and after <= found[-1].after:
            before = show_duration(found[-1].after)
            problems.append((f"{here}.after", f"must be later than the step before it ({before})"))
        found.append(Step(after=after or timedelta(0), notify=notify, every=every, times=times))
    if problems:
        raise Refused(
            "; ".join(f"{where}: {why}" for where, why in problems), slug="refused", problems=problems
        )
    return Policy(id=policy, steps=tuple(found), min_severity=min_severity)


def write_steps(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The steps as they are kept and shown; `read_policy` reads them back."""
    return [
        {
            "after": show_duration(step.after),
            "notify": [
                {"roster": one.roster} if one.roster is not None else {"channel": one.channel}
                for one in step.notify
            ],
            "repeat": {"every": show_duration(step.every), "times": step.times} if step.times else None,
        }
        for step in steps
    ]


def _duration(text: Any, place: str, problems: Problems) -> timedelta | None:
    try:
        return parse_duration(text)
    except ValueError as error:
        problems.append((place, str(error)))
        return None


def _repeat(value: Any, place: str, problems: Problems) -> tuple[timedelta, int]:
    if value is None:
        return timedelta(0), 0
    every, times = _duration(value.get("every"), f"{place}.every", problems), value.get("times")
    if every is not None and every < SHORTEST_PAUSE:
        problems.append((f"{place}.every", f"must be at least {show_duration(SHORTEST_PAUSE)}"))
    if not isinstance(times, int) or not 1 <= times <= MOST_REPEATS:
        problems.append((f"{place}.times", f"must be 1 to {MOST_REPEATS}; leave repeat out for none"))
        times = 0
    return every or timedelta(0), times


def _targets(values: Sequence[Mapping[str, Any]], place: str, problems: Problems) -> tuple[Target, ...]:
    if not values:
        problems.append((place, "a step tells somebody: name a roster or a channel"))
    found = []
    for number, value in enumerate(values):
        roster, channel = value.get("roster"), value.get("channel")
        if (roster is None) == (channel is None):
            problems.append((f"{place}[{number}]", "name either a roster or a channel"))
        found.append(Target(roster=roster, channel=channel))
    return tuple(found)
