"""Images that come with events: what is one, where it is found again, and what goes to people outside."""

import base64
import binascii
import hashlib
import re
from typing import Any

import msgspec

from safety_service.domain.decoding.refusal import image_refused
from safety_service.domain.decoding.snapshots import SNAPSHOT
from safety_service.domain.types import Event, Rejected

PATH = "/api/v1/snapshots"
IMAGE = "image"
"""The place of a refusal, where it is not known from where in the message the image came."""

_OWN = re.compile(rf"{PATH}/([0-9a-f]{{64}})")
_DATA_URL = re.compile(r"^\s*data:[\w.+/;-]*,", re.ASCII)


class Image(msgspec.Struct, frozen=True):
    """An image as it is kept: under the hash of its bytes, of the type that its bytes have."""

    sha256: str
    media_type: str
    content: bytes


def media_type_of(content: bytes) -> str | None:
    """What every browser shows as an image, whatever the sender calls it; None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def image_of(content: bytes, largest: int) -> Image | Rejected:
    """The bytes as an image of at most `largest` bytes, or why they are none."""
    if len(content) > largest:
        detail = f"An image of {len(content)} bytes; {largest} are kept."
        return image_refused("too_large", IMAGE, detail)
    media_type = media_type_of(content)
    if media_type is None:
        return image_refused("bad_snapshot", IMAGE, "It is not a JPEG, PNG, WebP or GIF image.")
    return Image(hashlib.sha256(content).hexdigest(), media_type, content)


def brings_image(event: Event) -> bool:
    """Whether an image is still among its attributes."""
    return SNAPSHOT in event.attributes


def take_image(event: Event, largest: int) -> Image | Rejected | None:
    """Takes the image out of the event's attributes; None where it brought none."""
    encoded: Any = event.attributes.pop(SNAPSHOT, None)
    if encoded is None:
        return None
    if not isinstance(encoded, str):
        return image_refused("bad_snapshot", IMAGE, f"An image is base64 text, not {type(encoded).__name__}.")
    # Base64 is four letters for three bytes: what is far too long need not be unpacked.
    if len(encoded) > 2 * largest:
        return image_refused(
            "too_large", IMAGE, f"An image of {len(encoded)} letters; {largest} bytes are kept."
        )
    try:
        content = base64.b64decode(_padded(_DATA_URL.sub("", encoded, count=1)))
    except (binascii.Error, ValueError):
        return image_refused("bad_snapshot", IMAGE, "The image is not base64.")
    return image_of(content, largest)


def _padded(text: str) -> str:
    """Of the alphabet for addresses too, and with its end filled up: devices leave that out."""
    letters = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    return letters + "=" * (-len(letters) % 4)


def put_image(event: Event, image: Image) -> None:
    """The event names the image by our own path; a link that came beside it stays among the attributes."""
    if event.snapshot_url is not None:
        event.attributes["snapshot_link"] = event.snapshot_url
    event.snapshot_url = path_of(image.sha256)


def path_of(sha256: str) -> str:
    """Where an image is read from this service."""
    return f"{PATH}/{sha256}"


def sha256_of(address: str | None) -> str | None:
    """The hash in a path of our own; None for any other address, devices' own among them."""
    found = _OWN.fullmatch(address or "")
    return found[1] if found else None
