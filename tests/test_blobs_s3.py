"""Files in a store that speaks S3, and the folder before it that nobody has to wait for."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from safety_service.blobs import FolderBlobs, S3Blobs, SpooledBlobs
from safety_service.domain.errors import NotFound, Unavailable
from tests.canteens import sha256
from tests.fake_s3 import FakeS3, fake_s3

CONTENT = b"\xff\xd8\xff" + b"x" * 300_000
NAME = sha256(CONTENT)
OTHER = b"\xff\xd8\xffy"
SOON = datetime.now(UTC) + timedelta(hours=1)
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    with fake_s3() as one:
        yield one


@pytest.fixture
def spooled(s3: FakeS3, tmp_path: Path) -> SpooledBlobs:
    return SpooledBlobs(FolderBlobs(tmp_path, flat=True), S3Blobs(s3.place()))


def test_a_file_goes_into_the_bucket_and_comes_back(s3: FakeS3) -> None:
    blobs = S3Blobs(s3.place())
    assert (blobs.exists(NAME), blobs.size(NAME), list(blobs)) == (False, None, [])
    assert blobs.put(NAME, io.BytesIO(CONTENT))
    assert not blobs.put(NAME, io.BytesIO(CONTENT))
    assert {key: content for key, (content, _) in s3.objects.items()} == {f"snapshots/{NAME}": CONTENT}
    assert (blobs.exists(NAME), blobs.size(NAME), list(blobs)) == (True, len(CONTENT), [NAME])
    with blobs.open(NAME) as content:
        assert content.read() == CONTENT
    assert not blobs.discard(NAME, LONG_AGO)
    assert blobs.discard(NAME, SOON)
    assert s3.objects == {}
    blobs.delete(NAME)
    assert not blobs.discard(NAME, SOON)
    with pytest.raises(NotFound):
        blobs.open(NAME)


def test_other_objects_of_the_bucket_are_left_alone(s3: FakeS3) -> None:
    s3.objects |= dict.fromkeys(("other", "snapshots/readme.txt", f"else/{NAME}"), (b"", LONG_AGO))
    assert list(S3Blobs(s3.place())) == []


def test_nothing_but_a_hash_becomes_a_key(s3: FakeS3) -> None:
    blobs = S3Blobs(s3.place())
    with pytest.raises(ValueError, match="named by its SHA-256"):
        blobs.open("../other")
    with pytest.raises(ValueError, match="not that of"):
        blobs.put(NAME, io.BytesIO(OTHER))
    assert s3.objects == {}


def test_a_store_that_does_not_let_us_in_is_unavailable(s3: FakeS3) -> None:
    with pytest.raises(Unavailable, match="S3 store"):
        S3Blobs(s3.place(secret="wrong")).put(NAME, io.BytesIO(CONTENT))


def test_a_file_is_there_at_once_and_in_the_bucket_soon(
    s3: FakeS3, spooled: SpooledBlobs, tmp_path: Path
) -> None:
    assert spooled.put(NAME, io.BytesIO(CONTENT))
    assert s3.requests == []
    assert (spooled.size(NAME), list(spooled)) == (len(CONTENT), [NAME])
    assert spooled.forward() == 1
    assert list(FolderBlobs(tmp_path, flat=True)) == []
    assert (spooled.size(NAME), list(spooled)) == (len(CONTENT), [NAME])
    with spooled.open(NAME) as content:
        assert content.read() == CONTENT
    assert spooled.forward() == 0
    spooled.put(NAME, io.BytesIO(CONTENT))
    assert list(spooled) == [NAME]


def test_while_the_bucket_is_away_files_stay_in_the_folder(s3: FakeS3, spooled: SpooledBlobs) -> None:
    S3Blobs(s3.place()).put(sha256(OTHER), io.BytesIO(OTHER))
    spooled.put(NAME, io.BytesIO(CONTENT))
    s3.stop()
    with pytest.raises(Unavailable):
        spooled.forward()
    with spooled.open(NAME) as content:
        assert content.read() == CONTENT
    with pytest.raises(Unavailable):
        spooled.open(sha256(OTHER))


def test_what_is_old_goes_from_both(s3: FakeS3, spooled: SpooledBlobs) -> None:
    spooled.put(NAME, io.BytesIO(CONTENT))
    spooled.forward()
    spooled.put(NAME, io.BytesIO(CONTENT))
    assert not spooled.discard(NAME, LONG_AGO)
    assert spooled.discard(NAME, SOON)
    assert list(spooled) == []
    assert s3.objects == {}
    spooled.put(NAME, io.BytesIO(CONTENT))
    spooled.delete(NAME)
    assert not spooled.exists(NAME)
