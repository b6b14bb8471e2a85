"""A clock for the service that the bench can set: libfaketime under its processes, which read a file."""

from pathlib import Path

from tests.postgres import missing


def environment(home: Path) -> dict[str, str]:
    """For a process whose wall clock follows `shift`; its monotonic clock stays true, as in reality."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        missing("libfaketime (Debian's package faketime)")
        raise AssertionError
    shift(home, 0)
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME_TIMESTAMP_FILE": str(_file(home)),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


def shift(home: Path, seconds: int) -> None:
    """The service's wall clock is so far from the true time, within a second of now."""
    fresh = _file(home).with_suffix(".new")
    fresh.write_text(f"{seconds:+d}\n")
    fresh.replace(_file(home))


def _file(home: Path) -> Path:
    return home / "clock"
