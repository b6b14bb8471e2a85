"""What was expected against what happened: missing and unexpected both count."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from safety_service.domain.rules.durations import show_duration
from safety_service.domain.timeline_model import Expected, Timeline
from safety_service.domain.timeline_outcome import Happened, Outcome, Sent


def differences(timeline: Timeline, outcome: Outcome) -> list[str]:
    """One line for each difference, in order of time; empty when everything holds."""
    found = _compare(timeline.expect, outcome.happened, "")
    if timeline.expect_sent is not None:
        found += _compare(timeline.expect_sent, outcome.sent, "sent: ")
    return outcome.failed + [line for _, line in sorted(found, key=lambda one: one[0])]


def _compare(
    expect: Sequence[Expected], actual: Sequence[Happened | Sent], what: str
) -> list[tuple[timedelta, str]]:
    matched = _matching(expect, actual)
    taken = set(matched.values())
    lines = [
        (one.at, f"{what}missing     {_show(one.at, one.fields)}  ({one.place})")
        for position, one in enumerate(expect)
        if position not in matched
    ]
    for position, happened in enumerate(actual):
        if position not in taken:
            lines.append((happened.at, f"{what}unexpected  {_show(happened.at, _fields(happened))}"))
    return lines


def _matching(expect: Sequence[Expected], actual: Sequence[Happened | Sent]) -> dict[int, int]:
    """Which expectation goes with which happening, as many as possible: vague ones give way."""
    owner: dict[int, int] = {}

    def place(wanted: int, tried: set[int]) -> bool:
        for candidate, happened in enumerate(actual):
            if candidate in tried or not _fits(expect[wanted], happened):
                continue
            tried.add(candidate)
            if candidate not in owner or place(owner[candidate], tried):
                owner[candidate] = wanted
                return True
        return False

    for position in range(len(expect)):
        place(position, set())
    return {wanted: candidate for candidate, wanted in owner.items()}


def _fits(expected: Expected, happened: Happened | Sent) -> bool:
    return expected.at == happened.at and all(
        getattr(happened, name) == value for name, value in expected.fields.items()
    )


def _fields(happened: Happened | Sent) -> dict[str, Any]:
    names = ("rule", "school", "device", "change", "severity", "count", "channel")
    return {name: value for name in names if (value := getattr(happened, name, None)) is not None}


def _show(at: timedelta, fields: dict[str, Any]) -> str:
    return " ".join([f"{show_duration(at):>8}", *(f"{name}={value}" for name, value in fields.items())])
