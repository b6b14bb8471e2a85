"""Which bytes are an image, and how one leaves its event."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from safety_service.domain.snapshots import (
    Image,
    brings_image,
    image_of,
    media_type_of,
    path_of,
    put_image,
    sha256_of,
    take_image,
)
from safety_service.domain.types import Event, Rejected

JPEG = b"\xff\xd8\xff\xe0" + b"x" * 100


def event(**fields: Any) -> Event:
    moment = datetime(2026, 9, 1, tzinfo=UTC)
    return Event(
        school="370828-001",
        device="cam-1",
        kind="intrusion",
        phase="pulse",
        occurred_at=moment,
        received_at=moment,
        format="hikvision",
        dedup_key="1",
        **fields,
    )


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (JPEG, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None),
        (b"<html>\xff\xd8\xff", None),
        (b"\x89PNG", None),
        (b"", None),
    ],
)
def test_the_bytes_say_what_they_are(content: bytes, media_type: str | None) -> None:
    assert media_type_of(content) == media_type


@pytest.mark.parametrize(
    "text",
    [
        encoded(JPEG),
        f"data:image/png;base64,{encoded(JPEG)}",
        f"{encoded(JPEG)[:40]}\r\n{encoded(JPEG)[40:]}",
    ],
)
def test_an_image_is_taken_out_of_its_event(text: str) -> None:
    one = event(attributes={"_snapshot": text, "code": "VMD"})
    assert brings_image(one)
    image = take_image(one, len(JPEG))
    assert isinstance(image, Image)
    assert (image.content, image.media_type, one.attributes) == (JPEG, "image/jpeg", {"code": "VMD"})
    assert not brings_image(one)
    put_image(one, image)
    assert one.snapshot_url == f"/api/v1/snapshots/{image.sha256}"
    assert sha256_of(one.snapshot_url) == image.sha256
    assert take_image(one, len(JPEG)) is None


def test_a_link_beside_an_image_is_kept_among_the_attributes() -> None:
    one = event(snapshot_url="http://10.1.7.20/1.jpg")
    put_image(one, Image("a" * 64, "image/jpeg", JPEG))
    assert (one.snapshot_url, one.attributes) == (
        path_of("a" * 64),
        {"snapshot_link": "http://10.1.7.20/1.jpg"},
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("(600000 characters, kept in the message log)", "bad_snapshot"),
        (encoded(b"no image"), "bad_snapshot"),
        (encoded(JPEG)[:-4] + "A", "bad_snapshot"),
        ("", "bad_snapshot"),
        ("图", "bad_snapshot"),
        (17, "bad_snapshot"),
        ({"data": encoded(JPEG)}, "bad_snapshot"),
        (encoded(JPEG + b"y"), "too_large"),
        ("A" * 1000, "too_large"),
    ],
)
def test_what_is_no_image_is_refused_and_gone(value: Any, reason: str) -> None:
    one = event(attributes={"_snapshot": value})
    refusal = take_image(one, len(JPEG))
    assert isinstance(refusal, Rejected)
    assert (refusal.reason, refusal.place, one.attributes) == (reason, "image", {})


def test_exactly_the_largest_is_kept() -> None:
    assert isinstance(image_of(JPEG, len(JPEG)), Image)
    assert isinstance(image_of(JPEG, len(JPEG) - 1), Rejected)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        path_of("A" * 64),
        path_of("a" * 63),
        path_of("a" * 64) + "?expires=1",
        f"http://host{path_of('a' * 64)}",
        "/api/v1/snapshots/../users",
    ],
)
def test_no_other_address_is_taken_for_our_own(address: str | None) -> None:
    assert sha256_of(address) is None
