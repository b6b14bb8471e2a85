"""Durations as people write them: `90s`, `10m`, `2h`, `1d`, `1h30m`, `1.5s`, `250ms`."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LONGEST = timedelta(days=3660)
_PARTS = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|[smhd])")
_WHOLE = re.compile(rf"(?:{_PARTS.pattern})+")


def parse_duration(text: Any) -> timedelta:
    """The duration; raises ValueError with a sentence that shows the right spelling."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no duration; write a number with its unit, such as 90s, 10m, 2h or 1d")
    units = [unit for _, unit in _PARTS.findall(text)]
    if len(set(units)) < len(units):
        raise ValueError(f"{text!r} names a unit twice")
    length = sum(float(number) * MILLISECONDS[unit] for number, unit in _PARTS.findall(text))
    if length > LONGEST.total_seconds() * 1_000:
        raise ValueError(f"{text!r} is longer than {LONGEST.days}d")
    return timedelta(milliseconds=length)


def show_duration(length: timedelta) -> str:
    """The shortest spelling that parse_duration reads back: `1h30m`, `0s`, `-5m`."""
    seconds = length.total_seconds()
    if seconds < 0:
        return "-" + show_duration(-length)
    rest, parts = int(seconds), []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if rest >= size:
            parts.append(f"{rest // size}{unit}")
            rest %= size
    fraction = seconds - int(seconds)
    if rest or fraction or not parts:
        parts.append(f"{rest + fraction:g}s")
    return "".join(parts)


def _positive(length: timedelta) -> timedelta:
    if not length:
        raise ValueError("must be longer than nothing")
    return length


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
"""Zero or longer."""
PositiveDuration = Annotated[timedelta, BeforeValidator(lambda text: _positive(parse_duration(text)))]


def _never_or_positive(text: Any) -> timedelta | None:
    if text == "never":
        return None
    length = parse_duration(text)
    if not length:
        raise ValueError("must be longer than nothing, or never")
    return length


QuietDuration = Annotated[timedelta | None, BeforeValidator(_never_or_positive)]
"""Longer than zero; None where it says `never`."""
