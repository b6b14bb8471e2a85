"""Whether a file is a photo that can be kept: decoded once, whole, and with a bound on what that may cost."""

import struct
from threading import Lock
from typing import BinaryIO

import msgspec
from PIL import Image, UnidentifiedImageError

from safety_service.domain.errors import Refused

MOST_PIXELS = 64_000_000
"""More than a phone takes; beside it a file of few bytes may stand for more memory than there is."""

_READ = ("JPEG", "PNG", "WEBP")
# Some phones put a second picture behind the first: still a JPEG to everybody who shows it.
_FORMATS = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
_SMALL = (64, 64)

# Decoded one at a time, so that the bound holds however many are sent at once.
_one_at_a_time = Lock()


class Look(msgspec.Struct, frozen=True):
    """What the file is, whatever its sender called it; width and height in pixels as stored."""

    media_type: str
    width: int
    height: int


def look_at(content: BinaryIO) -> Look:
    """What an image is; Refused where it is none, is damaged, or is too large to look at."""
    content.seek(0)
    try:
        with Image.open(content, formats=_READ) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise Refused(
                    f"is an image of {width} x {height} pixels, {MOST_PIXELS:,} are allowed", place="body"
                )
            # A JPEG can be read whole and unpacked at an eighth; other formats ignore this.
            image.draft("RGB", _SMALL)
            with _one_at_a_time:
                image.load()
            return Look(_FORMATS[str(image.format)], width, height)
    except _UNREADABLE as error:
        reason = f"is not a JPEG, PNG or WebP image that can be read: {_sentence(error)}"
        raise Refused(reason, place="body") from None


def _sentence(error: BaseException) -> str:
    # Pillow names the object it was given, with its address.
    return "not an image" if isinstance(error, UnidentifiedImageError) else str(error)
