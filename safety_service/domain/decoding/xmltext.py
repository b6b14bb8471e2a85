"""XML from devices, read as a tree: without document types, so that no entity can be defined."""

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.texts import read_text
from safety_service.domain.types import Rejected

_BEGIN = re.compile(r"<\?xml|<[A-Za-z_][A-Za-z0-9_.-]*(?=[\s/>])")
# What XML 1.0 does not allow and devices send all the same: control characters, padding.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONE_AMPERSAND = re.compile(r"&(?!(?:[A-Za-z][A-Za-z0-9]{0,31}|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")


def read_xml(payload: bytes, roots: tuple[str, ...] = ()) -> Element | Rejected:
    """The root element, or why there is none: `not_xml` with line and column.

    `roots`: where the bytes may begin with something else (the headers of a SIP message), the names of the
    elements at which to begin. A document type is refused: only there could entities be defined.
    """
    text = read_text(payload)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return refused("not_xml", "payload", "A document type is not read.")
    start = _start(text, roots)
    if start is None:
        return refused("not_xml", "payload", "The payload holds no XML element.")
    body = text[start:].rstrip("\x00 \r\n\t")
    try:
        return fromstring(body)
    except (ParseError, ValueError) as error:
        mended = _LONE_AMPERSAND.sub("&amp;", _ILLEGAL.sub("", body))
        if mended != body:
            try:
                return fromstring(mended)
            except (ParseError, ValueError):
                pass
        return refused("not_xml", _place(error), f"{_sentence(error)}.")


def _start(text: str, roots: tuple[str, ...]) -> int | None:
    if not roots or text.startswith(("<?xml", *(f"<{name}" for name in roots))):
        found = _BEGIN.search(text)
        return found.start() if found else None
    starts = [text.find(f"<{name}") for name in ("?xml", *roots)]
    return min((start for start in starts if start >= 0), default=None)


def _place(error: Exception) -> str:
    position: Any = getattr(error, "position", None)
    return f"line {position[0]}, column {position[1]}" if position else "payload"


def _sentence(error: Exception) -> str:
    return f"The payload is not XML: {str(error).partition(':')[0]}"
