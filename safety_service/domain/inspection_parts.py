"""What an inspection says beside its answers: who, where, when, which files, who puts right what by when."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from safety_service.domain.scoring.numbers import exact, read_date, shown
from safety_service.domain.scoring.text import read_text

Problems = list[tuple[str, str]]

MOST_INSPECTORS = 4
MOST_ATTACHMENTS = 100
LONGEST_NAME = 100
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")
ROLES = ("photo", "signature")
FOLLOW_UP = ("owner", "due")
"""The fields of an answer that are no part of its score."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LARGEST_ID = 2**63 - 1
_PLACE = {"latitude": 90, "longitude": 180}
_FARTHEST_M = 1_000_000
_ATTACHMENT = ("sha256", "media_type", "size", "role", "item")


class Place(msgspec.Struct, frozen=True):
    """Where the phone was, in degrees (WGS 84), and within how many metres that is right."""

    latitude: float
    longitude: float
    accuracy_m: float | None = None


class Attached(msgspec.Struct, frozen=True):
    """A file as the inspection names it; `item` is the code of the item that it shows."""

    sha256: str
    media_type: str
    size: int
    role: str
    item: str | None = None


class FollowUp(msgspec.Struct, frozen=True):
    """Who puts a failed item right, and by which day; `index` is where the answer stood that says so."""

    index: int
    owner: str | None = None
    due: date | None = None

    def as_json(self) -> dict[str, str | None]:
        return {"owner": self.owner, "due": self.due.isoformat() if self.due else None}


def read_people(inspector: str | None, others: object, problems: Problems) -> tuple[str, ...]:
    """All who signed the form, `inspector` first; nobody twice."""
    if others is None:
        return (inspector,) if inspector else ()
    if not isinstance(others, list):
        problems.append(("inspectors", "a list of names is needed"))
        return ()
    before = len(problems)
    names = [
        read_text(name, f"inspectors[{index}]", LONGEST_NAME, problems) for index, name in enumerate(others)
    ]
    if len(problems) == before:
        problems += [(f"inspectors[{index}]", "is empty") for index, name in enumerate(names) if not name]
    people = tuple(dict.fromkeys(name for name in (inspector, *names) if name))
    if len(people) > MOST_INSPECTORS:
        problems.append(
            ("inspectors", f"{len(people)} people are named, one form has at most {MOST_INSPECTORS}")
        )
    return people


def read_place(value: object, problems: Problems) -> Place | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        problems.append(("place", "is not an object with latitude and longitude"))
        return None
    before = len(problems)
    problems += [
        (f"place.{shown(name)}", "is not a field of a place (fields: latitude, longitude, accuracy_m)")
        for name in value
        if name not in (*_PLACE, "accuracy_m")
    ]
    latitude, longitude = (
        _number(value.get(name), f"place.{name}", -limit, limit, problems) for name, limit in _PLACE.items()
    )
    accuracy = value.get("accuracy_m")
    metres = None
    if accuracy is not None:
        metres = _number(accuracy, "place.accuracy_m", 0, _FARTHEST_M, problems)
    if len(problems) > before or latitude is None or longitude is None:
        return None
    return Place(latitude, longitude, metres)


def _number(value: object, place: str, least: int, most: int, problems: Problems) -> float | None:
    number = exact(value)
    if value is None:
        problems.append((place, "is missing"))
    elif number is None:
        problems.append((place, f'"{shown(value)}" is not a number'))
    elif not least <= number <= most:
        problems.append((place, f"{shown(value)} is not between {least} and {most}"))
    else:
        return float(number)
    return None


def read_moment(value: object, place: str, problems: Problems) -> datetime | None:
    """A time with its offset, as UTC."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        moment = moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        problems.append((place, f'"{shown(value)}" is not a time with its offset (RFC 3339)'))
    return moment


def read_row_id(value: object, place: str, problems: Problems) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LARGEST_ID:
        problems.append((place, f'"{shown(value)}" is not the number of an inspection'))
        return None
    return value


def read_attachments(value: object, problems: Problems) -> tuple[Attached, ...]:
    """The files named; whether they have come is another matter."""
    if value is None:
        return ()
    if not isinstance(value, list):
        problems.append(("attachments", "a list of files (sha256, media_type, size, role) is needed"))
        return ()
    if len(value) > MOST_ATTACHMENTS:
        problems.append(("attachments", f"{len(value)} files are named, {MOST_ATTACHMENTS} are allowed"))
        return ()
    found: dict[Attached, None] = {}
    for index, entry in enumerate(value):
        attached = _attached(entry, f"attachments[{index}]", problems)
        if attached in found:
            problems.append((f"attachments[{index}]", "is named twice"))
        elif attached is not None:
            found[attached] = None
    return tuple(found)


def _attached(entry: object, place: str, problems: Problems) -> Attached | None:
    if not isinstance(entry, Mapping):
        problems.append((place, "is not an object with sha256, media_type, size and role"))
        return None
    before = len(problems)
    problems += [
        (f"{place}.{shown(name)}", f"is not a field of a file (fields: {', '.join(_ATTACHMENT)})")
        for name in entry
        if name not in _ATTACHMENT
    ]
    sha256, size = entry.get("sha256"), entry.get("size")
    if not is_sha256(sha256):
        problems.append((f"{place}.sha256", f'"{shown(sha256)}" is not a SHA-256 (64 digits 0-9 a-f)'))
    if isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= _LARGEST_ID:
        problems.append((f"{place}.size", f'"{shown(size)}" is not a number of bytes'))
    for name, allowed in (("media_type", MEDIA_TYPES), ("role", ROLES)):
        if entry.get(name) not in allowed:
            reason = f'"{shown(entry.get(name))}" is not one of {", ".join(allowed)}'
            problems.append((f"{place}.{name}", reason))
    item = read_text(entry.get("item"), f"{place}.item", LONGEST_NAME, problems)
    if len(problems) > before:
        return None
    return Attached(str(sha256), entry["media_type"], int(entry["size"]), entry["role"], item)


def is_sha256(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def split_items(items: object, problems: Problems) -> tuple[Any, dict[str, FollowUp]]:
    """The answers as the scheme reads them, and what they say of putting right, by the code of the item."""
    if not isinstance(items, Sequence) or isinstance(items, str | bytes):
        return items, {}
    answers: list[Any] = []
    follow_ups: dict[str, FollowUp] = {}
    for index, entry in enumerate(items):
        if not isinstance(entry, Mapping) or not any(name in entry for name in FOLLOW_UP):
            answers.append(entry)
            continue
        answers.append({name: value for name, value in entry.items() if name not in FOLLOW_UP})
        owner = read_text(entry.get("owner"), f"items[{index}].owner", LONGEST_NAME, problems)
        due = entry.get("due")
        day = read_date(due)
        if due is not None and day is None:
            problems.append((f"items[{index}].due", f'"{shown(due)}" is not a date (YYYY-MM-DD)'))
        if (owner is not None or day is not None) and isinstance(entry.get("code"), str):
            follow_ups[entry["code"]] = FollowUp(index, owner, day)
    return answers, follow_ups
