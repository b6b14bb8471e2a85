"""The parts of a multipart body whose headers are gone: the boundary is read from the body itself."""

import base64
import re
from typing import NamedTuple

from safety_service.domain.decoding.refusal import image_refused
from safety_service.domain.decoding.snapshots import LARGEST_SNAPSHOT, SNAPSHOT
from safety_service.domain.types import Event, Rejected

IMAGES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM")
LONGEST_BOUNDARY = 200
EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
BODY_BEGINS = re.compile(rb"(?:^|\n)[ \t]*(?:<|\{|Code=)")
_FIELD = re.compile(r'\bname="?([^";\r\n]{1,128})')


class Part(NamedTuple):
    """One part: its headers in lower case as one text, its bytes, and the name of its field in a form."""

    headers: str
    body: bytes
    name: str = ""

    @property
    def is_image(self) -> bool:
        return (
            self.body.startswith(IMAGES) and not self.body.isascii()
        ) or "content-type: image/" in self.headers

    @property
    def is_document(self) -> bool:
        """A field of a form, or a file of JSON; no picture, and no video."""
        return not self.is_image and (
            "filename=" not in self.headers or self.body.lstrip()[:1] in (b"{", b"[")
        )


def parts_of(payload: bytes) -> list[Part]:
    """The parts in their order; none where the payload is no multipart body.

    Each device has its own idea of the ends of lines and of the last boundary, so that a part ends where the
    next boundary begins.
    """
    start = payload.find(b"--")
    if start < 0 or payload[:start].strip():
        return []
    line = payload[start : start + LONGEST_BOUNDARY].splitlines()[0].rstrip()
    if len(line) < 3:
        return []
    found = []
    for piece in payload[start:].split(line)[1:]:
        if piece[:2] == b"--":
            break
        part = _part(piece)
        if part is not None:
            found.append(part)
    return found


def with_snapshot(found: list[Event | Rejected], images: list[Part]) -> list[Event | Rejected]:
    """The events of one part with the image behind it, the scene rather than the licence plate cut out of it.

    An image beyond half a megabyte is left out and reported: it stays in the message log.
    """
    event = next((item for item in found if isinstance(item, Event)), None)
    if event is None or not images:
        return found
    image = next((one for one in images if "plate" not in one.headers), images[0])
    if len(images) > 1:
        event.attributes["images"] = len(images)
    if len(image.body) > LARGEST_SNAPSHOT:
        detail = f"An image of {len(image.body)} bytes; the event is kept without it."
        return [*found, image_refused("too_large", "image", detail)]
    event.attributes[SNAPSHOT] = base64.b64encode(image.body).decode()
    return found


def without_headers(payload: bytes) -> bytes:
    """A part that has lost its boundary, without the headers it kept; any other body as it is."""
    if payload[:8].lower() not in (b"content-", b"http/1.1"):
        return payload
    part = _part(payload)
    return payload if part is None else part.body.lstrip(b"\r\n")


def _part(piece: bytes) -> Part | None:
    """Headers and body, told apart by the first empty line; a piece without headers is all body.

    Some firmware forgets the empty line, so that a body may begin where headers are expected.
    """
    piece = piece.lstrip(b"\r\n")
    empty_line = EMPTY_LINE.search(piece)
    head = piece[: empty_line.start()] if empty_line else b""
    if empty_line is None and piece[:8].lower() == b"content-" and BODY_BEGINS.search(piece) is None:
        # A stream was cut off in the middle of the headers.
        return None
    headers, body = "", piece
    if empty_line and b":" in head and BODY_BEGINS.search(head) is None:
        headers, body = head.decode("utf-8", "replace"), piece[empty_line.end() :]
    field = _FIELD.search(headers)
    body = body.removesuffix(b"\n").removesuffix(b"\r")
    return Part(headers.lower(), body, field[1] if field else "") if body.strip() else None
