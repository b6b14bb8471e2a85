"""Files that are on this machine's disk at once and in a remote store soon: nobody waits for the network."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from safety_service.blobs.folder import Blobs
from safety_service.domain.errors import NotFound


class SpooledBlobs:
    """A spool before a store. `forward` moves what has been put; until then other machines do not see it."""

    def __init__(self, spool: Blobs, store: Blobs) -> None:
        self._spool = spool
        self._store = store

    def forward(self) -> int:
        """Moves what is in the spool and says how many files that were; raises what the store raises."""
        moved = 0
        for sha256 in list(self._spool):
            try:
                content = self._spool.open(sha256)
            except NotFound:
                continue
            with content:
                self._store.put(sha256, content)
            # Only now: a reader finds it in one or the other at every moment.
            self._spool.delete(sha256)
            moved += 1
        return moved

    def put(self, sha256: str, content: BinaryIO) -> bool:
        return self._spool.put(sha256, content)

    def open(self, sha256: str) -> BinaryIO:
        try:
            return self._spool.open(sha256)
        except NotFound:
            return self._store.open(sha256)

    def size(self, sha256: str) -> int | None:
        found = self._spool.size(sha256)
        return found if found is not None else self._store.size(sha256)

    def exists(self, sha256: str) -> bool:
        return self.size(sha256) is not None

    def delete(self, sha256: str) -> None:
        self._spool.delete(sha256)
        self._store.delete(sha256)

    def discard(self, sha256: str, before: datetime) -> bool:
        if self._spool.exists(sha256) and not self._spool.discard(sha256, before):
            return False
        return self._store.discard(sha256, before)

    def tidy(self, before: datetime) -> None:
        self._spool.tidy(before)
        self._store.tidy(before)

    def __iter__(self) -> Iterator[str]:
        here = set(self._spool)
        yield from here
        yield from (sha256 for sha256 in self._store if sha256 not in here)
