"""XML that anybody may post, as plain nested values: no entity is ever expanded, no namespace matters."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import XML, Element

from defusedxml.ElementTree import ParseError
from defusedxml.ElementTree import fromstring as defused

from safety_service.domain.decoding.lenient import INVISIBLE, as_text
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.types import Rejected

DECLARED = re.compile(rb"""encoding\s*=\s*["']([\w.:-]{1,24})["']""")
CHINESE = (b"gb", b"x-gb", b"cp936", b"ms936", b"936")
UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
BARE_AMPERSAND = re.compile(r"&(?!#?\w{1,10};)")
DEEPEST = 24

Value = Any
"""A text, a mapping of local names to values, or a list of values where a name came more than once."""


def read_xml(payload: bytes) -> tuple[str, Value] | Rejected:
    """The root's local name and what it holds, or `not_xml`.

    Damage that devices do is mended once: a bare `&` in a name, control characters, bytes behind the end.
    """
    return read_xml_text(_decoded(payload))


def read_xml_text(text: str, name_of: Callable[[str], str] | None = None) -> tuple[str, Value] | Rejected:
    """The same of what is text already; `name_of` makes of a tag what its value is known by."""
    name_of = name_of or local_name
    text = text.strip("\x00 \t\r\n\ufeff")
    try:
        root = _parse(text)
    except ParseError as error:
        try:
            root = _parse(_mended(text))
        except (ParseError, ValueError):
            line, column = error.position
            return refused("not_xml", f"line {line}, column {column}", f"{str(error).partition(':')[0]}.")
    except (ValueError, RecursionError) as error:
        # Whoever declares a document type or an entity is no device.
        return refused("not_xml", "payload", f"{type(error).__name__}: this XML is not read.")
    return name_of(root.tag), _value(root, 0, name_of)


def _decoded(payload: bytes) -> str:
    """The text in the declared encoding. Cameras declare UTF-8 and write names in GBK, or declare GB2312."""
    if payload[:2] in UTF_16:
        return payload.decode("utf-16", "replace")
    declared = DECLARED.search(payload, 0, 200)
    chinese = declared is not None and declared[1].lower().startswith(CHINESE)
    return as_text(payload, "gb18030" if chinese else "utf-8")


def _parse(text: str) -> Element:
    """Only what holds a `<!` could declare anything, and goes the slow and guarded way."""
    text = text.removeprefix("\ufeff")
    if "<!" in text:
        guarded: Element = defused(text, forbid_dtd=True)
        return guarded
    return XML(text)


def _mended(text: str) -> str:
    """Without control characters, bare ampersands, and whatever follows the end of the root."""
    text = BARE_AMPERSAND.sub("&amp;", INVISIBLE.sub("", text))
    begin = re.search(r"<(?![?!])([\w:.-]+)", text)
    if begin is None:
        return text
    end = text.rfind(f"</{begin[1]}>")
    return text[begin.start() : end + len(begin[1]) + 3] if end > 0 else text[begin.start() :]


@lru_cache(maxsize=4096)
def local_name(tag: str) -> str:
    return tag.rpartition("}")[2]


@lru_cache(maxsize=4096)
def lower_name(tag: str) -> str:
    """For those who write the same name in every case."""
    return tag.rpartition("}")[2].lower()


def _value(element: Element, depth: int, name_of: Callable[[str], str]) -> Value:
    if len(element) == 0:
        return (element.text or "").strip()
    if depth >= DEEPEST:
        return "(nested too deep, kept in the message log)"
    found: dict[str, Value] = {}
    for child in element:
        name = name_of(child.tag)
        value = _value(child, depth + 1, name_of) if len(child) else (child.text or "").strip()
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found
