"""Escalation: which steps of a policy are due for an alert that nobody has taken, and when the next one is.

The steps are a plan of occurrences by their distance from the start; the progress through the plan is one
number. So the same steps come out however time is cut into looks.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from safety_service.domain.types import LIFE_SAFETY_KINDS, SEVERITY_RANK, Alert, Transition

Cause = Literal["not_acknowledged", "delivery_failed", "nobody_on_duty"]

STARTS = frozenset({"raised", "severity_raised", "reopened"})
STOPS = frozenset({"acknowledged", "closed", "resolved"})


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a step tells: whoever is on duty by a roster, or a channel."""

    roster: str | None = None
    channel: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """`after` the start these are told, and again `times` times, every `every`."""

    after: timedelta
    notify: tuple[Target, ...]
    every: timedelta = timedelta(0)
    times: int = 0


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Steps in the order of their time; alerts below `min_severity` do not escalate."""

    id: str
    steps: tuple[Step, ...]
    min_severity: str = "warning"


class Occurrence(msgspec.Struct, frozen=True, order=True):
    """One time at which a step tells; `step` counts from 0, `repeat` 0 is the step itself."""

    offset: timedelta
    step: int
    repeat: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an alert has come: `passed` occurrences of the plan are behind it.

    `counts_from` is the instant from which the offsets count; it moves where a step comes sooner, or was
    held up. `hurried_by`: why the next step does not wait for its time.
    """

    counts_from: datetime
    passed: int = 0
    hurried_by: str | None = None


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a step reaches: `channels` are told; `on_duty`, `nobody`, `not_told` explain it (JSON)."""

    channels: tuple[str, ...] = ()
    on_duty: tuple[dict[str, str], ...] = ()
    nobody: tuple[str, ...] = ()
    not_told: tuple[dict[str, str], ...] = ()


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence that was due; `at` is when it was, which may be before the look."""

    at: datetime
    step: int
    repeat: int
    cause: Cause
    reached: Reached
    failure: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What a look came to; `next_due` None: the plan is at its end."""

    taken: tuple[Taken, ...]
    progress: Progress
    next_due: datetime | None


def applies(policy: Policy, severity: str) -> bool:
    return SEVERITY_RANK[severity] >= SEVERITY_RANK[policy.min_severity]


def is_held(alert: Alert) -> bool:
    """Whether its escalation stands still: it is suppressed, and not about life and limb."""
    return alert.suppressed_by is not None and alert.kind not in LIFE_SAFETY_KINDS


def plan_of(steps: Sequence[Step]) -> list[Occurrence]:
    """Every occurrence in the order in which they come due."""
    return sorted(
        Occurrence(step.after + repeat * step.every, number, repeat)
        for number, step in enumerate(steps)
        for repeat in range(step.times + 1)
    )


def next_due(steps: Sequence[Step], progress: Progress) -> datetime | None:
    """When the next occurrence comes by its time; None at the end of the plan."""
    plan = plan_of(steps)
    return progress.counts_from + plan[progress.passed].offset if progress.passed < len(plan) else None


def decide(
    steps: Sequence[Step], progress: Progress, now: datetime, reach: Callable[[Step], Reached]
) -> Outcome:
    """What is due at `now`. `reach` says whom a step reaches at this moment.

    A step that reaches nobody goes on to the next one at once; so does a delivery that failed for good.
    Repeats of earlier steps that are jumped over in this way do not come any more.
    """
    plan = plan_of(steps)
    taken: list[Taken] = []
    start, place, hurried = progress.counts_from, progress.passed, progress.hurried_by
    while place < len(plan):
        at, failure = start + plan[place].offset, None
        cause: Cause = "not_acknowledged"
        if at > now:
            jump = _next_step(plan, place) if hurried is not None else None
            if jump is None:
                break
            place, at, cause, failure = jump, now, "delivery_failed", hurried
            start = at - plan[place].offset
        here = plan[place]
        if here.repeat == 0:
            hurried = None
        reached = reach(steps[here.step])
        place += 1
        if not reached.channels:
            cause, jump = "nobody_on_duty", _next_step(plan, place)
            if jump is not None and start + plan[jump].offset > at:
                place, start = jump, at - plan[jump].offset
        one = Taken(at=at, step=here.step, repeat=here.repeat, cause=cause, reached=reached, failure=failure)
        taken.append(one)
    after = Progress(counts_from=start, passed=place)
    return Outcome(tuple(taken), after, next_due(steps, after))


def shares(taken: Sequence[Taken]) -> list[tuple[str, ...]]:
    """The channels that each of these is sent to: of several to one channel only the last is sent."""
    told: set[str] = set()
    found: list[tuple[str, ...]] = []
    for one in reversed(taken):
        mine = tuple(name for name in dict.fromkeys(one.reached.channels) if name not in told)
        told.update(mine)
        found.append(mine)
    return found[::-1]


def transition_of(one: Taken, sent: Sequence[str], policy: str, alert: Alert) -> Transition:
    """The step as the history keeps it: who was told, who was not, and why it came."""
    reached = one.reached
    detail: dict[str, Any] = {
        "policy": policy,
        "step": one.step + 1,
        "repeat": one.repeat,
        "channels": list(sent),
        "on_duty": list(reached.on_duty),
    }
    later = [name for name in reached.channels if name not in sent]
    more = {
        "told_with_a_later_step": later,
        "nobody_on_duty": list(reached.nobody),
        "not_told": list(reached.not_told),
        "failure": one.failure,
    }
    return Transition(
        change="escalated",
        at=one.at,
        severity=alert.severity,
        condition=alert.condition,
        reason=one.cause,
        detail=detail | {name: value for name, value in more.items() if value},
    )


def _next_step(plan: Sequence[Occurrence], place: int) -> int | None:
    """The place of the next step that has not begun."""
    return next((n for n in range(place, len(plan)) if plan[n].repeat == 0), None)
