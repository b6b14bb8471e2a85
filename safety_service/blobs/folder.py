"""Files by the SHA-256 of their content: each is there whole or not at all, and is never overwritten."""

import hashlib
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import uuid4

from safety_service.domain.errors import NotFound

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PIECE = 1 << 20
_PARTIAL = "partial"


class Blobs(Protocol):
    """What a store of files does; one that keeps them elsewhere than in a folder can stand in."""

    def put(self, sha256: str, content: BinaryIO) -> bool:
        """Keeps the whole content durably before it returns; False where it was there already.

        Either way it counts as put now. Raises ValueError where the content has another hash: then nothing
        is kept.
        """

    def open(self, sha256: str) -> BinaryIO:
        """The content from its beginning, or NotFound."""

    def size(self, sha256: str) -> int | None:
        """In bytes; None where there is no such file."""

    def exists(self, sha256: str) -> bool: ...

    def delete(self, sha256: str) -> None:
        """Nothing happens where there is no such file."""

    def discard(self, sha256: str, before: datetime) -> bool:
        """Deletes it unless somebody has put it, again perhaps, since `before`; whether it did."""

    def tidy(self, before: datetime) -> None:
        """Removes what writers left behind that died before then."""

    def __iter__(self) -> Iterator[str]:
        """The hash of every file, in no order."""


class FolderBlobs:
    """A folder with two levels of folders below it, so that none of them grows large: `ab/cd/abcd…`.

    `flat`: without them, for few files that often change.
    """

    def __init__(self, folder: Path, *, flat: bool = False) -> None:
        self._folder = folder
        self._flat = flat

    def put(self, sha256: str, content: BinaryIO) -> bool:
        place = self._place(sha256)
        length = content.seek(0, os.SEEK_END)
        if self.size(sha256) == length and _touched(place):
            return False
        partial = self._partial(sha256)
        partial.parent.mkdir(parents=True, exist_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            if _copy(content, partial) != sha256:
                raise ValueError(f"the content is not that of {sha256}")
            partial.replace(place)
        finally:
            partial.unlink(missing_ok=True)
        # A name is as durable as the folder it stands in, and that folder's own name as the one above.
        for folder in dict.fromkeys((place.parent, place.parent.parent, self._folder)):
            _sync(folder)
        return True

    def open(self, sha256: str) -> BinaryIO:
        try:
            return self._place(sha256).open("rb")
        except FileNotFoundError:
            raise NotFound(f"the file {sha256} is not here") from None

    def size(self, sha256: str) -> int | None:
        try:
            return self._place(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def exists(self, sha256: str) -> bool:
        return self.size(sha256) is not None

    def delete(self, sha256: str) -> None:
        self._place(sha256).unlink(missing_ok=True)

    def discard(self, sha256: str, before: datetime) -> bool:
        place, aside = self._place(sha256), self._partial(sha256)
        aside.parent.mkdir(parents=True, exist_ok=True)
        try:
            if _is_younger(place, before):
                return False
            place.replace(aside)
        except FileNotFoundError:
            return False
        # Whoever puts it at this moment has touched it before it went aside, or finds it gone and writes it.
        if _is_younger(aside, before):
            aside.replace(place)
            return False
        aside.unlink()
        return True

    def tidy(self, before: datetime) -> None:
        for path in (self._folder / _PARTIAL).glob("*"):
            try:
                if not _is_younger(path, before):
                    path.unlink()
            except FileNotFoundError:
                continue

    def __iter__(self) -> Iterator[str]:
        for path in self._folder.glob("*" if self._flat else "??/??/*"):
            if _SHA256.fullmatch(path.name):
                yield path.name

    def _place(self, sha256: str) -> Path:
        # The name becomes a path: nothing else than a hash may.
        if not _SHA256.fullmatch(sha256):
            raise ValueError("a file is named by its SHA-256")
        return self._folder / sha256 if self._flat else self._folder / sha256[:2] / sha256[2:4] / sha256

    def _partial(self, sha256: str) -> Path:
        return self._folder / _PARTIAL / f"{sha256}-{uuid4().hex}"


def _touched(place: Path) -> bool:
    """Makes it as young as if it were written now; False where it has gone meanwhile."""
    try:
        os.utime(place)
    except FileNotFoundError:
        return False
    return True


def _is_younger(place: Path, moment: datetime) -> bool:
    return place.stat().st_mtime >= moment.timestamp()


def _copy(content: BinaryIO, target: Path) -> str:
    """Copies the whole content, durably, and returns its hash."""
    content.seek(0)
    digest = hashlib.sha256()
    with target.open("xb") as file:
        while piece := content.read(_PIECE):
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
