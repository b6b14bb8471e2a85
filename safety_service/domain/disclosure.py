"""What a visit found and how far it has been put right, in words of the form alone: no name, no note."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any, Literal

import msgspec

from safety_service.domain.rectified import Rectified

State = Literal["open", "overdue", "reported", "put_right", "cancelled"]


class FoundItem(msgspec.Struct, frozen=True):
    """One item of the checklist that failed; `key` items weigh more."""

    code: str
    labels: Mapping[str, str]
    key: bool


class SectionScore(msgspec.Struct, frozen=True):
    """One section of a visit without a checklist; `score` None where it was reasonably absent."""

    labels: Mapping[str, str]
    score: str | None


class PutRight(msgspec.Struct, frozen=True):
    """How far it has come: `due_on` while it is owed, `on` the day on which it was reported or accepted."""

    state: State
    due_on: date | None = None
    on: date | None = None


def failed(result: Mapping[str, Any]) -> list[FoundItem]:
    """The items of a stored scoring that failed, in the order of the form."""
    return [
        FoundItem(item["code"], item["labels"], bool(item["key"]))
        for item in result["reckoning"].get("items", [])
        if item["result"] == "fail"
    ]


def sections(result: Mapping[str, Any]) -> list[SectionScore]:
    """The sections of a stored scoring that was not made by a checklist."""
    reckoning = result["reckoning"]
    if "items" in reckoning:
        return []
    return [SectionScore(one["labels"], one["score"]) for one in reckoning.get("sections", [])]


def progress(now: datetime, due_at: datetime, state: Rectified, zone: tzinfo) -> PutRight:
    """What is said in public of a rectification: it is put right once somebody else has seen it."""
    if state.status == "accepted" and state.ended_at is not None:
        return PutRight("put_right", on=state.ended_at.astimezone(zone).date())
    if state.status == "cancelled":
        return PutRight("cancelled")
    if state.status == "done" and state.done_at is not None:
        return PutRight("reported", on=state.done_at.astimezone(zone).date())
    return PutRight("overdue" if due_at <= now else "open", due_on=state.due_on)
