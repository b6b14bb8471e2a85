"""Files by their hash: there whole or not at all, and by no other name."""

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from safety_service.blobs import FolderBlobs
from safety_service.domain.errors import NotFound
from safety_service.services.backup import copy_files
from tests.canteens import sha256

CONTENT = b"x" * 3_000_000
NAME = sha256(CONTENT)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_is_kept_once_and_read_back(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    assert (blobs.exists(NAME), blobs.size(NAME), list(blobs)) == (False, None, [])
    assert blobs.put(NAME, io.BytesIO(CONTENT))
    assert not blobs.put(NAME, io.BytesIO(CONTENT))
    assert files(tmp_path) == [f"{NAME[:2]}/{NAME[2:4]}/{NAME}"]
    assert (blobs.exists(NAME), blobs.size(NAME), list(blobs)) == (True, len(CONTENT), [NAME])
    with blobs.open(NAME) as content:
        assert content.read() == CONTENT
    blobs.delete(NAME)
    blobs.delete(NAME)
    assert not blobs.exists(NAME)
    with pytest.raises(NotFound):
        blobs.open(NAME)


def test_other_content_under_a_hash_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not that of"):
        FolderBlobs(tmp_path).put(NAME, io.BytesIO(b"other"))
    assert files(tmp_path) == []


def test_a_content_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 0:
                raise OSError("the disk is gone")
            return super().read(size)

    with pytest.raises(OSError, match="gone"):
        FolderBlobs(tmp_path).put(NAME, Broken(CONTENT))
    assert files(tmp_path) == []


def test_a_file_that_lost_its_end_is_made_whole_again(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    blobs.put(NAME, io.BytesIO(CONTENT))
    (tmp_path / NAME[:2] / NAME[2:4] / NAME).write_bytes(CONTENT[:5])
    assert blobs.put(NAME, io.BytesIO(CONTENT))
    assert blobs.size(NAME) == len(CONTENT)


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", NAME.upper(), NAME[:-1], NAME + "0", NAME + "\n"]
)
def test_nothing_but_a_hash_becomes_a_path(tmp_path: Path, name: str) -> None:
    blobs = FolderBlobs(tmp_path / "inside")
    for act in (blobs.open, blobs.size, blobs.delete):
        with pytest.raises(ValueError, match="named by its SHA-256"):
            act(name)


def test_a_backup_takes_what_it_has_not_yet(tmp_path: Path) -> None:
    source, target = FolderBlobs(tmp_path / "a"), FolderBlobs(tmp_path / "b")
    assert copy_files(source, target) == 0
    source.put(NAME, io.BytesIO(CONTENT))
    source.put(sha256(b"y"), io.BytesIO(b"y"))
    target.put(NAME, io.BytesIO(CONTENT))
    assert copy_files(source, target) == 1
    assert sorted(target) == sorted(source)


def age(folder: Path, **duration: float) -> None:
    """Makes every file in the folder older."""
    for path in folder.rglob("*"):
        if path.is_file():
            long_ago = (datetime.now(UTC) - timedelta(**duration)).timestamp()
            os.utime(path, (long_ago, long_ago))


def test_what_was_put_again_is_not_discarded(tmp_path: Path) -> None:
    blobs, hour_ago = FolderBlobs(tmp_path), datetime.now(UTC) - timedelta(hours=1)
    assert not blobs.discard(NAME, hour_ago)
    blobs.put(NAME, io.BytesIO(CONTENT))
    assert not blobs.discard(NAME, hour_ago)
    age(tmp_path, hours=2)
    assert not blobs.put(NAME, io.BytesIO(CONTENT))
    assert not blobs.discard(NAME, hour_ago)
    age(tmp_path, hours=2)
    assert blobs.discard(NAME, hour_ago)
    assert files(tmp_path) == []


def test_one_that_is_put_while_it_is_discarded_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs, hour_ago = FolderBlobs(tmp_path), datetime.now(UTC) - timedelta(hours=1)
    blobs.put(NAME, io.BytesIO(CONTENT))
    age(tmp_path, hours=2)
    replace = Path.replace

    def put_in_between(path: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        blobs.put(NAME, io.BytesIO(CONTENT))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", put_in_between)
    assert not blobs.discard(NAME, hour_ago)
    assert files(tmp_path) == [f"{NAME[:2]}/{NAME[2:4]}/{NAME}"]


def test_what_dead_writers_left_is_tidied_up(tmp_path: Path) -> None:
    blobs, hour_ago = FolderBlobs(tmp_path), datetime.now(UTC) - timedelta(hours=1)
    blobs.tidy(hour_ago)
    blobs.put(NAME, io.BytesIO(CONTENT))
    (tmp_path / "partial" / "left").write_bytes(b"x")
    age(tmp_path, hours=2)
    (tmp_path / "partial" / "writing").write_bytes(b"x")
    blobs.tidy(hour_ago)
    assert files(tmp_path) == [f"{NAME[:2]}/{NAME[2:4]}/{NAME}", "partial/writing"]


def test_few_files_stand_in_one_folder(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path, flat=True)
    blobs.put(NAME, io.BytesIO(CONTENT))
    assert (files(tmp_path), list(blobs), blobs.size(NAME)) == ([NAME], [NAME], len(CONTENT))
