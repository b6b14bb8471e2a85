"""Text and values from devices made safe to store: nothing invisible, no images, no bottomless nesting."""

import unicodedata
from functools import lru_cache
from typing import Any

LONGEST_NAME = 128
LONGEST_TEXT = 4096
DEEPEST = 32
LARGEST_INTEGER = 2**63 - 1


@lru_cache(maxsize=16384)
def clean_name(name: str) -> str:
    """A device's or zone's name without what an eye cannot see; `""` when nothing is left.

    Zero-width characters, byte order marks and control characters split one camera into two; NFC, because
    the same name typed on two systems is one name.
    """
    if not (name.isascii() and name.isprintable()):
        name = "".join(map(_visible, unicodedata.normalize("NFC", name)))
    return " ".join(name.split())


def clean_value(value: Any, *, longest: int | None = LONGEST_TEXT, depth: int = 0) -> Any:
    """A JSON value that every database stores. Texts beyond `longest` characters give way to a note.

    An image in base64 stays in the message log and out of the event; None keeps texts of any length.
    PostgreSQL stores no NUL character, and whole numbers beyond 64 bits become text.
    """
    if isinstance(value, str):
        if longest is not None and len(value) > longest:
            return f"({len(value)} characters, kept in the message log)"
        return value.replace("\x00", "")
    if isinstance(value, (dict, list)) and depth >= DEEPEST:
        return "(nested too deep, kept in the message log)"
    if isinstance(value, dict):
        return {
            key.replace("\x00", ""): clean_value(item, longest=longest, depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [clean_value(item, longest=longest, depth=depth + 1) for item in value]
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return str(value)
    return value


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "Z" or character in "\t\n\r":
        return " "
    return "" if category[0] == "C" else character
