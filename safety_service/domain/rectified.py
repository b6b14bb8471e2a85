"""How far a rectification has come, one step of its history, and what every step asks for."""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import Any, Literal, get_args

import msgspec

from safety_service.domain.deadlines import LONGEST_DAYS, days_later
from safety_service.domain.errors import Conflict, Refused

Status = Literal["open", "returned", "done", "accepted", "cancelled"]
Source = Literal["inspection", "patrol"]
Action = Literal[
    "opened",
    "found_again",
    "kept",
    "taken_back",
    "assigned",
    "done",
    "returned",
    "accepted",
    "cancelled",
    "commented",
]

STATUSES: tuple[Status, ...] = get_args(Status)
OWED: frozenset[str] = frozenset({"open", "returned"})
ENDED: frozenset[str] = frozenset({"accepted", "cancelled"})
MOST_PHOTOS = 20
LONGEST_COMMENT = 4000
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Rectified(msgspec.Struct, frozen=True, kw_only=True):
    """How far it has come. `done_*` and `photos_after` are those of the last report that was not returned.

    `ended_*`: accepted or cancelled; `reason` is why it was cancelled or last returned.
    """

    status: Status = "open"
    owner: str | None = None
    due_on: date
    photos_before: tuple[str, ...] = ()
    photos_after: tuple[str, ...] = ()
    done_at: datetime | None = None
    done_by: str | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    reason: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the history; `inspection` names the visit that caused it, where one did."""

    action: Action
    at: datetime
    by: str
    status: Status
    comment: str | None = None
    inspection: int | None = None
    detail: dict[str, Any] = msgspec.field(default_factory=dict)


Change = tuple[Rectified, Step]


def check_due(due_on: date, today: date, place: str) -> None:
    """Raises Refused for a day that has passed and for one beyond a year."""
    if due_on < today:
        raise Refused(f"{due_on} has passed (today is {today})", place=place)
    if due_on > days_later(today, LONGEST_DAYS):
        raise Refused(f"{due_on} is more than {LONGEST_DAYS} days away", place=place)


def check_photos(photos: Sequence[str], place: str) -> tuple[str, ...]:
    """The hashes without repeats; raises Refused with the place of each that is no SHA-256 in lower case."""
    problems = [
        (f"{place}[{index}]", "is not a SHA-256 of 64 hexadecimal digits in lower case")
        for index, photo in enumerate(photos)
        if not is_hash(photo)
    ]
    if len(photos) > MOST_PHOTOS:
        problems.append((place, f"has {len(photos)} photos, {MOST_PHOTOS} are allowed"))
    if problems:
        raise Refused(problems[0][1], place=problems[0][0], problems=problems)
    return tuple(dict.fromkeys(photos))


def problems_of(check: Callable[..., object], *given: object) -> list[tuple[str, str]]:
    """What a check refuses, as values, so that everything wrong is told at once."""
    try:
        check(*given)
    except Refused as error:
        return error.problems
    return []


def is_hash(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None


def must_be(before: Rectified, allowed: Collection[str], done: str) -> None:
    if before.status not in allowed:
        raise Conflict(
            f"what is {before.status} cannot be {done}",
            slug="rectification-ended" if before.status in ENDED else "rectification-state",
        )


def needed(text: str, place: str) -> str:
    kept = _optional(text, place)
    if kept is None:
        raise Refused("must not be empty", place=place)
    return kept


def _optional(text: str | None, place: str) -> str | None:
    if text is None or not text.strip():
        return None
    if len(text) > LONGEST_COMMENT:
        raise Refused(f"is longer than {LONGEST_COMMENT} characters", place=place)
    return text.strip()


def step_to(
    after: Rectified,
    action: Action,
    at: datetime,
    by: str,
    comment: str | None = None,
    *,
    inspection: int | None = None,
    detail: dict[str, Any] | None = None,
) -> Change:
    step = Step(
        action=action,
        at=at,
        by=by,
        status=after.status,
        comment=_optional(comment, "comment"),
        inspection=inspection,
        detail=detail or {},
    )
    return after, step
