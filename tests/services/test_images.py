"""What is an image and what is none, and that looking costs no more than it may."""

import io
import struct
import zlib

import pytest
from PIL import Image

from safety_service.domain.errors import Refused
from safety_service.services.images import MOST_PIXELS, Look, look_at
from tests.canteens import picture


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG whose header promises so many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def two_pictures_in_one() -> bytes:
    content = io.BytesIO()
    first, second = Image.new("RGB", (8, 6)), Image.new("RGB", (4, 3))
    first.save(content, "MPO", save_all=True, append_images=[second])
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "look"),
    [
        (picture(8, 6, "JPEG"), Look("image/jpeg", 8, 6)),
        (picture(800, 600, "JPEG"), Look("image/jpeg", 800, 600)),
        (picture(8, 6, "PNG"), Look("image/png", 8, 6)),
        (picture(8, 6, "WEBP"), Look("image/webp", 8, 6)),
        (two_pictures_in_one(), Look("image/jpeg", 8, 6)),
    ],
    ids=["jpeg", "large jpeg", "png", "webp", "two pictures"],
)
def test_an_image_is_known_for_what_it_is(content: bytes, look: Look) -> None:
    assert look_at(io.BytesIO(content)) == look


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7 and more",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        picture(8, 6, "GIF"),
        picture(8, 6, "TIFF"),
        picture(300, 200, "JPEG")[:-400],
        picture(300, 200, "PNG")[:-40],
        picture(300, 200, "WEBP")[:-40],
        b"\xff\xd8\xff\xe0" + b"\x00" * 500,
        png_of(8, 6, b"no deflate stream"),
    ],
    ids=[
        "empty",
        "pdf",
        "svg",
        "gif",
        "tiff",
        "cut jpeg",
        "cut png",
        "cut webp",
        "only a beginning",
        "broken png",
    ],
)
def test_what_is_no_whole_image_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="body: is not a JPEG, PNG or WebP image") as refusal:
        look_at(io.BytesIO(content))
    assert "0x" not in refusal.value.reason


@pytest.mark.parametrize(("width", "height"), [(8001, 8000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_a_few_bytes_that_stand_for_a_vast_image_are_refused_unseen(width: int, height: int) -> None:
    assert width * height > MOST_PIXELS
    with pytest.raises(Refused, match="body: is"):
        look_at(io.BytesIO(png_of(width, height)))
