"""Which items a visit failed, and what the inspector ordered about each: owner, day, photos."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec

from safety_service.domain.inspection_parts import Attached, FollowUp
from safety_service.domain.rectified import MOST_PHOTOS


class FailedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the checklist that was answered with fail; `due_on` only where the inspector set a day."""

    code: str
    title: dict[str, str]
    key: bool = False
    note: str | None = None
    owner: str | None = None
    due_on: date | None = None
    photos: tuple[str, ...] = ()


def failed_items(
    result: Mapping[str, Any], follow_ups: Mapping[str, FollowUp], attachments: Iterable[Attached]
) -> list[FailedItem]:
    """The failed items of a scoring (`ScoreResult.as_json()`), in the order of the checklist.

    `follow_ups` by code. Photos are the first of those that name the item. A visit without a checklist has
    no failed items.
    """
    photos = _photos(attachments)
    items = [item for item in result["reckoning"].get("items", []) if item["result"] == "fail"]
    return [
        FailedItem(
            code=item["code"],
            title=dict(item["labels"]),
            key=bool(item["key"]),
            note=item.get("note"),
            owner=ordered.owner if ordered else None,
            due_on=ordered.due if ordered else None,
            photos=tuple(photos.get(item["code"], ()))[:MOST_PHOTOS],
        )
        for item, ordered in ((item, follow_ups.get(item["code"])) for item in items)
    ]


def passed_codes(result: Mapping[str, Any]) -> frozenset[str]:
    """The items that a stored scoring saw in order."""
    items = result["reckoning"].get("items", [])
    return frozenset(item["code"] for item in items if item["result"] == "pass")


def _photos(attachments: Iterable[Attached]) -> dict[str, dict[str, None]]:
    """The hashes by item, none twice."""
    found: dict[str, dict[str, None]] = {}
    for attached in attachments:
        if attached.role == "photo" and attached.item is not None:
            found.setdefault(attached.item, {})[attached.sha256] = None
    return found
