"""What a Sparkplug B payload holds, in whatever notation it came."""

from collections.abc import Mapping
from typing import Any, NamedTuple

MOST_METRICS = 1024
DEEPEST = 4
_TYPE_NAMES = (
    "unknown int8 int16 int32 int64 uint8 uint16 uint32 uint64 float double boolean string datetime text "
    "uuid dataset bytes file template"
)
DATATYPES: dict[str, int] = {name: place for place, name in enumerate(_TYPE_NAMES.split())}
SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}


class Metric(NamedTuple):
    """One value; None where nothing is known of it. `properties` may hold `quality` and `engunit`."""

    name: str | None
    alias: int | None
    timestamp: int | str | None
    datatype: int
    value: Any
    is_historical: bool = False
    properties: Mapping[str, Any] = {}


class Payload(NamedTuple):
    timestamp: int | str | None
    seq: int | None
    metrics: list[Metric]


def typed(value: Any, datatype: int) -> Any:
    """A whole number as its type means it: negative ones come as two's complement.

    Without a type only what can be nothing else is taken for negative: the upper half of 32 or 64 bits.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    bits = SIGNED_BITS.get(datatype)
    if bits is None:
        if datatype != 0 or value < 0:
            return value
        bits = 32 if value < 1 << 32 else 64
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >= 1 << (bits - 1) else value
