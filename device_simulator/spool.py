"""A gateway's memory: every numbered message stays on disk until a receipt covers its number.

One append-only text file for each gateway. `K number topic payload` keeps a message, `C number` says that
everything up to that number was committed by the service. What is kept together is one `write` to the
operating system before any of it is sent, so a killed process loses nothing; a torn last line (a kill in
the middle of a write, power loss) is cut off when the file is opened again.
"""

import os
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import msgspec

from device_simulator.errors import SimulatorError


class Kept(msgspec.Struct, frozen=True, gc=False):
    """One message that no receipt covers yet. `number` is the highest sequence number inside it."""

    number: int
    topic: str
    payload: bytes


class Spool:
    """Messages of one gateway in the order of their numbers. Not for use by several threads or processes.

    `compact_after`: the file is written anew when so many of its lines are of no use any more.
    """

    def __init__(self, path: Path, *, compact_after: int = 2_000) -> None:
        self._path = path
        self._compact_after = compact_after
        self._kept: dict[int, Kept] = {}
        self._numbers: list[int] = []
        self._dead_lines = 0
        self.covered = 0
        self.last = 0
        """The highest number ever kept or covered; the next message takes the one after it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._recover()
        self._file = path.open("ab", buffering=0)

    def keep(self, number: int, topic: str, payload: bytes) -> None:
        """Write a message down before it is published. ValueError unless its number is the highest yet."""
        self.keep_all([Kept(number, topic, payload)])

    def keep_all(self, messages: Sequence[Kept]) -> None:
        """Write messages down, in the order of their numbers, with one call to the operating system."""
        last, topic, head = self.last, None, b""
        lines: list[bytes] = []
        for kept in messages:
            if kept.number <= last:
                raise ValueError(f"number {kept.number} does not follow {last}")
            if b"\n" in kept.payload:
                raise ValueError("a payload of several lines cannot be spooled")
            if kept.topic is not topic:
                topic = kept.topic
                head = _topic(topic)
            last = kept.number
            lines.append(b"K %d %b %b\n" % (last, head, kept.payload))
        self._write(b"".join(lines))
        for kept in messages:
            self._kept[kept.number] = kept
            self._numbers.append(kept.number)
        self.last = last

    def cover(self, number: int) -> None:
        """A receipt came: everything up to `number` may be forgotten. Older receipts change nothing."""
        if number <= self.covered:
            return
        self._write(b"C %d\n" % number)
        self._forget(number)
        if self._dead_lines >= self._compact_after and self._dead_lines > len(self._kept):
            self._compact()

    @property
    def waiting(self) -> int:
        """How many messages no receipt covers."""
        return len(self._kept)

    def pending(self, after: int = 0, limit: int | None = None) -> list[Kept]:
        """Uncovered messages with a number above `after`, lowest first, at most `limit`."""
        start = bisect_right(self._numbers, after)
        end = None if limit is None else start + limit
        return [self._kept[number] for number in self._numbers[start:end]]

    def close(self) -> None:
        """Close the file; what is pending is there when it is opened again."""
        self._file.close()

    def _write(self, lines: bytes) -> None:
        before, done = self._file.tell(), 0
        try:
            while done < len(lines):
                done += self._file.write(lines[done:])
        except OSError:
            # A full disk may have taken half a line, and the next one must not be glued to it.
            os.truncate(self._path, before)
            raise

    def _forget(self, number: int) -> None:
        self.covered = number
        self.last = max(self.last, number)
        gone = bisect_right(self._numbers, number)
        for covered in self._numbers[:gone]:
            del self._kept[covered]
        del self._numbers[:gone]
        self._dead_lines += gone + 1

    def _recover(self) -> None:
        if not self._path.exists():
            return
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            os.truncate(self._path, whole)
        # not splitlines(): a payload may hold a carriage return
        for place, line in enumerate(content[:whole].split(b"\n")[:-1], start=1):
            try:
                self._read(line)
            except ValueError as error:
                raise SimulatorError(f"{self._path}, line {place} is not a spool's: {error}") from error

    def _read(self, line: bytes) -> None:
        mark, _, rest = line.partition(b" ")
        if mark == b"C":
            self._forget(max(int(rest), self.covered))
        elif mark == b"K":
            text, topic, payload = rest.split(b" ", 2)
            number = int(text)
            if number <= self.last:
                raise ValueError(f"number {number} does not follow {self.last}")
            self._kept[number] = Kept(number, topic.decode(), payload)
            self._numbers.append(number)
            self.last = number
        else:
            raise ValueError(f"it starts with {mark[:10]!r}")

    def _compact(self) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(b"C %d\n" % self.covered)
            for kept in self._kept.values():
                file.write(b"K %d %b %b\n" % (kept.number, _topic(kept.topic), kept.payload))
            file.flush()
            os.fsync(file.fileno())
        self._file.close()
        fresh.replace(self._path)
        self._file = self._path.open("ab", buffering=0)
        self._dead_lines = 1


def _topic(topic: str) -> bytes:
    if " " in topic or "\n" in topic:
        raise ValueError("a topic with a space cannot be spooled")
    return topic.encode()
