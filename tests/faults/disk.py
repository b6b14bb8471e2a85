"""A small file system for the database that the bench can fill to the last byte."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.postgres import missing

_EMPTY_BYTES, _EVENT_BYTES = 96 << 20, 3_000
"""Room for an empty database with its logs, and for each event; generous, the ballast takes the rest."""


@contextmanager
def small(directory: Path, events: int) -> Iterator[None]:
    """A tmpfs on `directory`, large enough for so many events; needs root."""
    size = _EMPTY_BYTES + events * _EVENT_BYTES
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(directory)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        missing(f"the right to mount a tmpfs ({done.stderr.strip()})")
    try:
        yield
    finally:
        # Lazily: a process that was killed a moment ago may still be on its way out.
        subprocess.run(["umount", "-l", str(directory)], check=True)


@contextmanager
def full(directory: Path) -> Iterator[None]:
    """Not a byte is free meanwhile."""
    ballast = directory / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            _grow(file.fileno(), directory)
        yield
    finally:
        ballast.unlink(missing_ok=True)


def _grow(file: int, directory: Path) -> None:
    """Until the system refuses, with an OSError."""
    size = 0
    while True:
        free = os.statvfs(directory)
        step = max(free.f_bavail * free.f_frsize, 4096)
        os.posix_fallocate(file, size, step)
        size += step
