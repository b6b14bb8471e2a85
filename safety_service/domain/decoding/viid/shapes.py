"""The wrapped types of GA/T 1400 as they are really sent: one object for a list, a list without wrapper."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.telling import scalar_text
from safety_service.domain.decoding.times import Reading, read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Message, Rejected

BEIJING = timezone(timedelta(hours=8))
MOST_OBJECTS = 500
_ENDINGS = re.compile(r"(ListObject|ObjectList|Object|List)$")
_DIGIT = re.compile(r"[1-9]")
_DEVICE = re.compile(r"[0-9]{20}")
_ID_OF_DEVICE = re.compile(r"[0-9]{41,48}")


class Sender(NamedTuple):
    """Where a payload came from; `notice` is the notification around an object."""

    message: Message
    topic: Topic
    name: str
    notice: dict[str, Any] | None = None

    def notified(self, notice: dict[str, Any]) -> "Sender":
        return self._replace(notice=notice)


def names_in(element: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each field that holds something nested, and the name of the standard's object in it.

    `FaceListObject`, `FaceObjectList`, `FaceList` and `FaceObject` all hold Faces.
    """
    for field, value in element.items():
        if isinstance(value, (dict, list)):
            yield field, _ENDINGS.sub("", field)


def objects_in(content: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a list, with or without the wrapper around it, or the single one in place of a list."""
    for _ in range(3):
        if not isinstance(content, dict):
            break
        inner = next(
            (
                value
                for field, value in content.items()
                if isinstance(value, (dict, list)) and _ENDINGS.sub("", field) == name
            ),
            None,
        )
        if inner is None:
            return [content] if content else []
        content = inner
    if not isinstance(content, list):
        return []
    return [one for one in content[:MOST_OBJECTS] if isinstance(one, dict)]


def text(content: dict[str, Any], *names: str) -> str:
    """The first of these fields that holds a text or a number other than nothing and 0.

    Numbers come in quotes, and objects where numbers are due.
    """
    for name in names:
        value = content.get(name)
        if value and (found := scalar_text(value)) and found != "0":
            return found
    return ""


def device_of(content: dict[str, Any], sender: Sender, *ids: str) -> str | Rejected:
    """The device that saw it. Where it is not named, the 20 digits an object's own id begins with tell it."""
    name = clean_name(text(content, "DeviceID", "TollgateID", "ApeID", "CameraID"))
    if not name:
        for field in ("SourceID", *ids):
            given = text(content, field)
            if _DEVICE.fullmatch(given) or _ID_OF_DEVICE.fullmatch(given):
                name = given[:20]
                break
    name = name or sender.name or clean_name(text(content, "SourceID"))
    if not name or len(name) > LONGEST_NAME:
        detail = f"A DeviceID of 1 to {LONGEST_NAME} characters is required."
        return refused("missing_field", "DeviceID", detail)
    return name


def time_of(raw: Any, received_at: datetime) -> Reading:
    """`yyyyMMddHHmmss` of Beijing, in quotes or not, with or without milliseconds; or any other time."""
    return read_time(raw, received_at, BEIJING)


def first_time(content: dict[str, Any], *names: str) -> Any:
    """The first of these fields that holds digits, as it is: what no time can be is reported with it.

    Firmware writes 0, `Inv` or dashes where it knows none.
    """
    return next((value for name in names if _holds_digits(value := content.get(name))), None)


def _holds_digits(value: Any) -> bool:
    return bool(value) and value != "0" and (not isinstance(value, str) or _DIGIT.search(value) is not None)
