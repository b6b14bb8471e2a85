"""How much of something past still counts: half of it after each half-life."""

from decimal import Decimal, localcontext
from functools import lru_cache

DIGITS = 40
"""A decimal power of so many digits is the same on every machine; a binary one is not."""


@lru_cache(maxsize=8192)
def decayed(age_days: int, half_life_days: int) -> Decimal:
    """2^(−age / half-life): 1 today and, in case a clock ran ahead, for what is still to come."""
    with localcontext() as context:
        context.prec = DIGITS
        return Decimal(2) ** (Decimal(-max(0, age_days)) / Decimal(half_life_days))
