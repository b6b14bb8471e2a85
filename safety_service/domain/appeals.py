"""A school contests an inspection: in time, and decided by somebody who did not inspect."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Literal, get_args

from safety_service.domain.deadlines import AppealPeriods, days_later
from safety_service.domain.errors import Conflict, Forbidden, Refused

Decision = Literal["upheld", "dismissed", "changed"]
"""upheld: examined, the result stands. dismissed: not examined. changed: the result is corrected."""
Status = Literal["pending", "upheld", "dismissed", "changed", "withdrawn"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)


def check_filed(
    periods: AppealPeriods, given_on: date, today: date, items: Sequence[str], failed: Collection[str]
) -> None:
    """Raises Refused after the period, which begins on the day the result was given, and for an item that
    the inspection did not fail."""
    last = days_later(given_on, periods.file_within_days)
    if today > last:
        raise Refused(f"could be filed until {last} (today is {today})", slug="appeal-too-late")
    problems = [
        (f"items[{index}]", f"{item} is not an item that the inspection failed")
        for index, item in enumerate(items)
        if item not in failed
    ]
    if problems:
        raise Refused(problems[0][1], place=problems[0][0], problems=problems)


def check_first(earlier: Collection[str]) -> None:
    """An inspection is decided about once; only what was withdrawn may be filed again."""
    if "pending" in earlier:
        raise Conflict("an appeal against this inspection is pending", slug="appeal-pending")
    if set(earlier) - {"withdrawn"}:
        raise Conflict("an appeal against this inspection was decided", slug="appeal-decided")


def check_pending(status: str) -> None:
    if status != "pending":
        raise Conflict(f"the appeal is {status}", slug="appeal-ended")


def check_decider(names: Collection[str], inspectors: Collection[str], filed_by: str) -> None:
    """Raises Forbidden for whoever inspected, and for whoever filed it."""
    if set(names) & set(inspectors):
        raise Forbidden("somebody else than the inspector must decide it", slug="own-work")
    if filed_by in names:
        raise Forbidden("somebody else than who filed it must decide it", slug="own-work")


def check_revision(decision: Decision, contested: int, revision: int | None) -> None:
    """A changed result is an inspection that corrects the contested one; nothing else has one."""
    if decision == "changed" and revision is None:
        raise Refused("name the inspection that corrects the contested one", place="revision")
    if decision != "changed" and revision is not None:
        raise Refused("only a changed result has a revision", place="revision")
    if revision == contested:
        raise Refused("an inspection does not correct itself", place="revision")
