"""The time as a device wrote it, kept in a few characters where it is the event's own in the usual notation.

`2026-11-25T11:00:00.123+08:00` of an event at that instant is kept as `~3+08:00`; everything else as it is.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

_USUAL = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{3}|\.[0-9]{6}|)(Z|[+-][0-9]{2}:[0-9]{2})"
)
_SHORT = re.compile(r"~([036])(Z|[+-][0-9]{2}:[0-9]{2})")
_PRECISIONS = {0: "seconds", 3: "milliseconds", 6: "microseconds"}


def shortened(source_time: str | None, occurred_at: datetime, told_at: datetime | None = None) -> str | None:
    """What to store for the written time of an event at `occurred_at` (UTC).

    Where that is the very object that was read from the text (`told_at`), the usual notation can only be its
    own; elsewhere the two are compared.
    """
    if source_time is None:
        return None
    usual = _USUAL.fullmatch(source_time)
    if usual is not None:
        fraction, offset = usual.groups()
        digits = max(len(fraction) - 1, 0)
        if told_at is occurred_at or _rendered(occurred_at, digits, offset) == source_time:
            return f"~{digits}{offset}"
    # What begins like a short form without being one must not be taken for it.
    return f"~{source_time}" if source_time.startswith("~") else source_time


def written(stored: str | None, occurred_at: datetime) -> str | None:
    """Undoes `shortened`."""
    if stored is None or not stored.startswith("~"):
        return stored
    short = _SHORT.fullmatch(stored)
    return _rendered(occurred_at, int(short[1]), short[2]) if short else stored[1:]


def _rendered(moment: datetime, digits: int, offset: str) -> str:
    zone = _zone(offset)
    text = (moment if zone is UTC else moment.astimezone(zone)).isoformat(timespec=_PRECISIONS[digits])
    return text[:-6] + offset


@lru_cache(maxsize=256)
def _zone(offset: str) -> tzinfo:
    if offset in {"Z", "+00:00", "-00:00"}:
        return UTC
    minutes = int(offset[1:3]) * 60 + int(offset[4:6])
    return timezone(timedelta(minutes=min(minutes, 1439) * (-1 if offset[0] == "-" else 1)))
