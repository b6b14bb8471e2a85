"""JSON as devices write it, read once more with the usual slips mended if need be; and how they say yes."""

import re
from collections.abc import Collection
from typing import Any

import msgspec

from safety_service.domain.decoding.refusal import BYTE_ORDER_MARK, not_json
from safety_service.domain.types import Rejected

# Zero-width characters and byte order marks pasted into a template, and control characters of C strings.
INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\u200b-\u200f\u2060\ufeff]")
QUOTES = str.maketrans("\u201c\u201d\u201e\u201f", '""""')
TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
MISSING_COMMA = re.compile(r'(?<=["}\]0-9a-z])(?=\s+"[^"\n]*"\s*:)')

ANY = msgspec.json.Decoder()
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_lenient(payload: bytes) -> Any | Rejected:
    """The JSON value, or why even the mended text is none. Text that is not UTF-8 is taken for GB 18030.

    Mended are commas too many before a closing bracket, commas missing between the lines of an object,
    typographic quotation marks and invisible characters. What is cut off stays unreadable.
    """
    payload = payload.removeprefix(BYTE_ORDER_MARK)
    try:
        return ANY.decode(payload)
    except UNREADABLE as error:
        try:
            return ANY.decode(_mended(as_text(payload)))
        except UNREADABLE:
            return not_json(error, payload)


def as_text(payload: bytes, encoding: str = "utf-8") -> str:
    """Text in the encoding named, or in GB 18030 if it is none, as half of the firmware writes it."""
    try:
        return payload.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return payload.decode("gb18030", "replace")


def _mended(text: str) -> str:
    text = TRAILING_COMMA.sub("", INVISIBLE.sub("", text).translate(QUOTES))
    return MISSING_COMMA.sub(",", text)


def yes_or_no(raw: Any, yes: Collection[str], no: Collection[str]) -> bool | None:
    """A boolean, the number 0 or 1, or one of the words in lower case; None for anything else."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, (int, float)):
        return bool(raw) if raw in (0, 1) else None
    if not isinstance(raw, str):
        return None
    word = raw.strip().lower()
    return True if word in yes else False if word in no else None
