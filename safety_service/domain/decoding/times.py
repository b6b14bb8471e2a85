"""Device clocks: every way of writing a time is read leniently, and none is believed beyond five minutes."""

import math
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

LARGEST_SKEW = timedelta(minutes=5)
LONGEST_RAW = 64
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# An epoch number tells its unit by its size: the bounds hold from 1973 to the year 5138.
UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
COMPACT = re.compile(r"((?:19|20)[0-9]{12})([0-9]{3})?")
SMALLEST_COMPACT = 19 * 10**12
"""From here on a number of 14 or 17 digits is `yyyyMMddHHmmss` without quotes: no epoch before 2500."""
# `-8:00`, `+8`: an offset whose hour some firmware prints without its zero.
SHORT_OFFSET = re.compile(r"(?<=\d)([+-])(\d)(:?\d\d)?$")
# `11:46:3100:00`, `11:46:31 +08:00`: an offset without its sign, or behind a blank.
GLUED_OFFSET = re.compile(r"(?<=:\d\d:\d\d)(?=\d\d:\d\d$)")
BLANK_OFFSET = re.compile(r" +(?=[+-]\d)")
LEAP_SECOND = re.compile(r":60(?=\D|$)")
# `2026-11-3 8:05:3`, `2026年11月3日 8时5分`, `2026-11-03T 08:05:03:250 +0800`: when all else fails.
LOOSE = re.compile(
    r"(\d{4})[-.年](\d{1,2})[-.月](\d{1,2})日?[T ]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2}))?[分秒]?"
    r"(?:[.:](\d{1,6}))?\d* *(Z|[+-]\d\d:?\d\d)?"
)


class Reading(NamedTuple):
    """`occurred_at` in UTC; `source_time` is what the device wrote; `error` is why it could not be read.

    `told_at` is what was written, read but not judged: it does not depend on when the message came.
    """

    occurred_at: datetime
    clock_suspect: bool
    source_time: str | None
    error: str | None
    told_at: datetime | None = None


def read_time(raw: Any, received_at: datetime, zone: tzinfo) -> Reading:
    """The time of an event, judged against the time of receipt.

    Text (RFC 3339 and its common misspellings, `yyyyMMddHHmmss`) without an offset is in `zone`; numbers are
    epoch seconds, milli-, micro- or nanoseconds. More than five minutes from `received_at`, to either side,
    or unreadable: the receive time counts and the clock is suspect. Nothing given: the receive time counts.
    """
    if raw is None or raw == "":
        return Reading(received_at, False, None, None)
    source_time = str(raw).replace("\x00", "")[:LONGEST_RAW]
    try:
        told = parse(raw, zone)
    except (ValueError, OverflowError, OSError) as error:
        return Reading(received_at, True, source_time, str(error))
    if abs(told - received_at) > LARGEST_SKEW:
        return Reading(received_at, True, source_time, None, told)
    return Reading(told, False, source_time, None, told)


def parse(raw: Any, zone: tzinfo) -> datetime:
    """One written time as UTC. Raises ValueError or OverflowError with a reason in words."""
    if isinstance(raw, str):
        return _from_text(raw, zone)
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        if raw >= SMALLEST_COMPACT and COMPACT.fullmatch(str(raw)):
            return _from_text(str(raw), zone)
        return _from_epoch(raw)
    raise ValueError(f"a time is text or a number, not {type(raw).__name__}")


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970, for keys that must tell two receipts apart."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def _from_text(raw: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        moment = _from_unusual_text(raw.strip().upper(), zone)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def _from_unusual_text(text: str, zone: tzinfo) -> datetime:
    if compact := COMPACT.fullmatch(text):
        # A good deal quicker than strptime, which is how most of the formats from China come here.
        digits, thousandths = compact.groups()
        return datetime.fromisoformat(f"{digits[:8]}T{digits[8:]}.{thousandths or '000'}").replace(
            tzinfo=zone
        )
    if NUMBER.fullmatch(text):
        return _from_epoch(float(text))
    text = text.replace("/", "-")
    if "T" in text or " " in text:
        text = SHORT_OFFSET.sub(r"\g<1>0\2\3", BLANK_OFFSET.sub("", GLUED_OFFSET.sub("+", text)))
    # Python knows no leap second; the second before it is right to within one.
    try:
        return datetime.fromisoformat(LEAP_SECOND.sub(":59", text))
    except ValueError:
        return _from_loose_text(text)


def _from_loose_text(text: str) -> datetime:
    """What people would read without a second thought."""
    found = LOOSE.fullmatch(text)
    if found is None:
        raise ValueError("it is no date and time that can be read")
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    date = f"{year}-{month:>02}-{day:>02}T{hour:>02}:{minute:>02}:{second or 0:>02}"
    try:
        return datetime.fromisoformat(f"{date}.{fraction or 0:<06}{offset or ''}")
    except ValueError:
        raise ValueError("it is no date and time that can be read") from None


def _from_epoch(number: float) -> datetime:
    if not math.isfinite(number):
        raise ValueError("it is not a finite number")
    for bound, divisor in UNITS:
        if abs(number) < bound:
            return EPOCH + timedelta(seconds=number / divisor)
    raise ValueError("it is too large for a time")
