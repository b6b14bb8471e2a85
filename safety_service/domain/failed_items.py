"""Which items a visit failed, and what the inspector ordered about each: owner, day, photos."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from safety_service.domain.errors import Refused
from safety_service.domain.rectified import MOST_PHOTOS, check_due, is_hash
from safety_service.domain.scoring.numbers import read_date
from safety_service.domain.scoring.text import read_text

LONGEST_OWNER = 100
Problems = list[tuple[str, str]]


class FailedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the checklist that was answered with fail; `due_on` only where the inspector set a day."""

    code: str
    title: dict[str, str]
    key: bool = False
    note: str | None = None
    owner: str | None = None
    due_on: date | None = None
    photos: tuple[str, ...] = ()


def failed_items(result: Mapping[str, Any], body: object, visited_on: date) -> list[FailedItem]:
    """The failed items of a scoring (`ScoreResult.as_json()`), in the order of the checklist.

    Owner and day come from the answers as they were sent, photos from the attachments that name the item.
    Raises Refused with every wrong place. A visit without a checklist has none.
    """
    sent = body if isinstance(body, Mapping) else {}
    orders = _orders(sent.get("items"), visited_on)
    photos = _photos(sent.get("attachments"))
    return [
        FailedItem(
            code=item["code"],
            title=dict(item["labels"]),
            key=bool(item["key"]),
            note=item.get("note"),
            owner=orders.get(item["code"], (None, None))[0],
            due_on=orders.get(item["code"], (None, None))[1],
            photos=photos.get(item["code"], ()),
        )
        for item in result["reckoning"].get("items", [])
        if item["result"] == "fail"
    ]


def passed_codes(result: Mapping[str, Any]) -> frozenset[str]:
    """The items that a stored scoring saw in order."""
    items = result["reckoning"].get("items", [])
    return frozenset(item["code"] for item in items if item["result"] == "pass")


def _orders(items: object, visited_on: date) -> dict[str, tuple[str | None, date | None]]:
    problems: Problems = []
    orders: dict[str, tuple[str | None, date | None]] = {}
    for index, answer in enumerate(_list(items)):
        if isinstance(answer, Mapping) and answer.get("result") == "fail":
            place = f"items[{index}]"
            owner = read_text(answer.get("owner"), f"{place}.owner", LONGEST_OWNER, problems)
            due_on = _day(answer.get("due"), f"{place}.due", visited_on, problems)
            orders[str(answer.get("code"))] = (owner, due_on)
    if problems:
        raise Refused(problems[0][1], place=problems[0][0], problems=problems)
    return orders


def _day(value: object, place: str, visited_on: date, problems: Problems) -> date | None:
    if value is None:
        return None
    day = read_date(value)
    if day is None:
        problems.append((place, "is not a date (YYYY-MM-DD)"))
        return None
    try:
        # From the day of the visit: what was found in a kitchen without signal may arrive days later.
        check_due(day, visited_on, place)
    except Refused as error:
        problems += error.problems
        return None
    return day


def _photos(attachments: object) -> dict[str, tuple[str, ...]]:
    """Photos by item. What is wrong with an attachment is told by whoever keeps it, not here."""
    found: dict[str, list[str]] = {}
    for attachment in _list(attachments):
        if not isinstance(attachment, Mapping) or attachment.get("role") != "photo":
            continue
        item, photo = attachment.get("item"), attachment.get("sha256")
        if isinstance(item, str) and isinstance(photo, str) and is_hash(photo):
            found.setdefault(item, []).append(photo)
    return {item: tuple(dict.fromkeys(photos))[:MOST_PHOTOS] for item, photos in found.items()}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else ()
