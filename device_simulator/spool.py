"""A gateway's memory: every numbered message stays on disk until a receipt covers its number.

One append-only text file for each gateway. `K number topic payload` keeps a message, `C number` says that
everything up to that number was committed by the service. Each line is one `write` to the operating system,
so a killed process loses nothing; a torn last line (power loss) is cut off when the file is opened again.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from device_simulator.errors import SimulatorError

_COMPACT_AFTER = 2_000


class Kept(msgspec.Struct, frozen=True):
    """One message that no receipt covers yet. `number` is the highest sequence number inside it."""

    number: int
    topic: str
    payload: bytes


class Spool:
    """Messages of one gateway in the order of their numbers. Not for use by several threads or processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[int, Kept] = {}
        self._dead_lines = 0
        self.covered = 0
        self.last = 0
        """The highest number ever kept or covered; the next message takes the one after it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._recover()
        self._file = path.open("ab", buffering=0)

    def keep(self, number: int, topic: str, payload: bytes) -> None:
        """Write a message down before it is published. ValueError unless its number is the highest yet."""
        if number <= self.last:
            raise ValueError(f"number {number} does not follow {self.last}")
        if b"\n" in payload:
            raise ValueError("a payload of several lines cannot be spooled")
        self._file.write(b"K %d %s %s\n" % (number, topic.encode(), payload))
        self._kept[number] = Kept(number, topic, payload)
        self.last = number

    def cover(self, number: int) -> None:
        """A receipt came: everything up to `number` may be forgotten. Older receipts change nothing."""
        if number <= self.covered:
            return
        self._file.write(b"C %d\n" % number)
        self._forget(number)
        if self._dead_lines >= _COMPACT_AFTER and self._dead_lines > len(self._kept):
            self._compact()

    def pending(self, after: int = 0, limit: int | None = None) -> list[Kept]:
        """Uncovered messages with a number above `after`, lowest first, at most `limit`."""
        return list(islice(self._after(after), limit))

    def close(self) -> None:
        """Close the file; what is pending is there when it is opened again."""
        self._file.close()

    def _after(self, number: int) -> Iterator[Kept]:
        return (kept for kept in self._kept.values() if kept.number > number)

    def _forget(self, number: int) -> None:
        self.covered = number
        self.last = max(self.last, number)
        self._dead_lines += 1
        while self._kept and (lowest := next(iter(self._kept))) <= number:
            del self._kept[lowest]
            self._dead_lines += 1

    def _recover(self) -> None:
        if not self._path.exists():
            return
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            os.truncate(self._path, whole)
        for place, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                self._read(line)
            except ValueError as error:
                raise SimulatorError(f"{self._path}, line {place} is not a spool's: {error}") from error

    def _read(self, line: bytes) -> None:
        mark, _, rest = line.partition(b" ")
        if mark == b"C":
            self._forget(max(int(rest), self.covered))
        elif mark == b"K":
            number, topic, payload = rest.split(b" ", 2)
            self._kept[int(number)] = Kept(int(number), topic.decode(), payload)
            self.last = max(self.last, int(number))
        else:
            raise ValueError(f"it starts with {mark[:10]!r}")

    def _compact(self) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(b"C %d\n" % self.covered)
            for kept in self._kept.values():
                file.write(b"K %d %s %s\n" % (kept.number, kept.topic.encode(), kept.payload))
            file.flush()
            os.fsync(file.fileno())
        self._file.close()
        fresh.replace(self._path)
        self._file = self._path.open("ab", buffering=0)
        self._dead_lines = 1
