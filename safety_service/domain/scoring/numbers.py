"""Exact numbers: what was written is what is reckoned with, and rounding is half-up on purpose."""

import re
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

_DECIMAL = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
_FRACTION = re.compile(r"\d{1,15}/0*[1-9]\d{0,14}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MAX_DIGITS = 15


def exact(value: object) -> Fraction | None:
    """The number as an exact fraction, or None for what is not a number.

    Takes int, Decimal, decimal text, `n/d` text (as stored results write it), and a float by its shortest
    text, which is what the sender wrote. Numbers beyond 15 digits on either side of the point are refused:
    no form has them, and `1e999999` would cost memory.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int):
        return Fraction(value) if abs(value) < 10**_MAX_DIGITS else None
    if isinstance(value, float):
        return exact(Decimal(repr(value)))
    if isinstance(value, Decimal):
        return _from_decimal(value)
    return _from_text(value) if isinstance(value, str) else None


# The scores of a county are the same few texts again and again.
@lru_cache(maxsize=4096)
def _from_text(value: str) -> Fraction | None:
    text = value.strip()
    if _DECIMAL.fullmatch(text) or _FRACTION.fullmatch(text):
        return Fraction(text)
    return None


def _from_decimal(value: Decimal) -> Fraction | None:
    if not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_MAX_DIGITS or value.adjusted() >= _MAX_DIGITS:
        return None
    return Fraction(value)


def round_half_up(value: Fraction, places: int) -> Decimal:
    """Rounds with halves going up (scores are never negative): 8.95 is 9.0 at one place."""
    scaled = value * 10**places + Fraction(1, 2)
    return Decimal(scaled.numerator // scaled.denominator).scaleb(-places)


def exact_text(value: Fraction | None) -> str | None:
    """Decimal text where the number has one, else `n/d`; both are read back by `exact`."""
    if value is None:
        return None
    numerator, denominator, digits = value.numerator, value.denominator, 0
    if denominator == 1:
        return str(numerator)
    while 10**digits % denominator and digits <= _MAX_DIGITS:
        digits += 1
    if digits > _MAX_DIGITS:
        return str(value)
    return str(Decimal(numerator * 10**digits // denominator).scaleb(-digits))


def read_date(value: object) -> date | None:
    """A calendar date, or None for anything but a date or `YYYY-MM-DD` text."""
    if type(value) is date:
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return None


def add_months(day: date, months: int) -> date:
    """The same day of the month so many calendar months later (earlier when negative).

    Where that month is too short, its last day: 30 November + 3 months is 28 or 29 February. Beyond the
    years a date can have, the first or the last day there is.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not date.min.year <= year < date.max.year:
        return date.min if year < date.min.year else date.max
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (first_of_next - date(year, month + 1, 1)).days
    return date(year, month + 1, min(day.day, last))


def add_days(day: date, days: int) -> date:
    """So many days later, at most the last day there is."""
    return day + timedelta(days=min(days, (date.max - day).days))


def shown(value: object) -> str:
    """A value as a refusal quotes it: short, one line, every character one that can be shown and stored."""
    text = " ".join(str(value).split())
    text = "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text[:80]
    )
    return text if len(text) <= 40 else text[:37] + "..."
