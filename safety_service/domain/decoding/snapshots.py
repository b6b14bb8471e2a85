"""Images that come inside a message: kept beside the event while small, left in the message log beyond."""

import re
from typing import Any

from safety_service.domain.decoding.details import WEB_ADDRESS
from safety_service.domain.decoding.refusal import image_refused
from safety_service.domain.types import Rejected

SNAPSHOT = "_snapshot"
"""The attribute that holds an image in base64, without `data:` and line breaks."""

LARGEST_SNAPSHOT = 512 * 1024
SHORTEST = 64
"""Characters: whatever is shorter is a word in the place of an image."""

_PREFIX = re.compile(r"data:image/[a-z.+-]{1,20};base64,", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_LINE_BREAKS = str.maketrans("", "", "\r\n\t ")


def keep_snapshot(attributes: dict[str, Any], raw: Any, place: str) -> Rejected | None:
    """Puts an image among the attributes; what is no image, or too large, is reported instead."""
    if not isinstance(raw, str) or len(raw) < SHORTEST:
        return None
    prefix = _PREFIX.match(raw)
    start = prefix.end() if prefix else 0
    # Before anything is copied: one image may be all of a large message.
    if (len(raw) - start) * 3 // 4 > LARGEST_SNAPSHOT + 1024:
        return _too_large(len(raw) - start, place)
    encoded = raw[start:].translate(_LINE_BREAKS)
    if _BASE64.fullmatch(encoded) is None:
        return image_refused("bad_value", place, "An image is base64; the event is kept without it.")
    if len(encoded) * 3 // 4 > LARGEST_SNAPSHOT:
        return _too_large(len(encoded), place)
    attributes[SNAPSHOT] = encoded
    return None


def web_address(raw: Any) -> str | None:
    """The link to an image, or None for what a browser could not open."""
    return raw if isinstance(raw, str) and WEB_ADDRESS.fullmatch(raw) else None


def _too_large(characters: int, place: str) -> Rejected:
    detail = f"The image has {characters * 3 // 4} bytes, at most {LARGEST_SNAPSHOT} are kept with an event."
    return image_refused("too_large", place, detail)
