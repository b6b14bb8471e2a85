"""Names that a vendor or an integrator chose, read through the vendor's table.

The end of a name says what is told, its beginning (or a number behind it) of which part of the device:
`Outside Temp` is a `temp` of `Outside`, `temperature2` the temperature of `2`, `door_status` says `door`.
"""

import re
from functools import lru_cache
from typing import Any

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.decoding.kinds import MEASUREMENTS
from safety_service.domain.decoding.profiles import Mapped, profile
from safety_service.domain.decoding.readings import PRESSED, as_flag, as_measure, number, says_door, truth
from safety_service.domain.types import Event

WORD = re.compile(r"[0-9]+|[A-Z]+(?![a-z])|[^\W\d_]?[^\W\d_A-Z]+|[^\W\d_]")
"""The words of `water_leak`, `Water Leak`, `waterLeak`, `CO2` (two of them) and 水浸."""
MOST_WORDS = 8
STATES = frozenset({"status", "state", "detected", "detection", "alert"})
"""Words behind what is so or not. A measurement has none: the status of a battery is no percentage."""
PROBES = frozenset({"ds", "probe", "ext", "external"})
"""Words behind what is measured that say where, as a number does: `TempC_DS` is the temperature of `DS`."""
READ_BY_NAME = frozenset({"sparkplug", "thingsboard"})
"""The profiles that hold names instead of codes."""


def meant(vendor: str, name: str) -> tuple[Mapped, str]:
    """What a vendor's table says of a name, and which part of its device the name speaks of."""
    table = profile(vendor)
    for code, part, is_state in spellings(name):
        found = table.look_up(code)
        if found.kind != "other" and not (is_state and found.kind in MEASUREMENTS):
            return found, part
    return table.look_up(squeezed(name)), ""


@lru_cache(maxsize=8192)
def spellings(name: str) -> tuple[tuple[str, str, bool], ...]:
    """The codes to look for, the longest first, each with what is left of the name.

    Last come those without a word for a state, which they are marked for.
    """
    words = WORD.findall(name)[-MOST_WORDS:]
    found = _ends(words)
    if len(words) > 1 and words[-1].casefold() in STATES:
        found += [(code, part, True) for code, part, _ in _ends(words[:-1])]
    return tuple(found)


def _ends(words: list[str]) -> list[tuple[str, str, bool]]:
    found = [
        ("".join(words[start:]).casefold(), " ".join(words[:start]), False) for start in range(len(words))
    ]
    if len(words) > 1 and (words[-1].isdigit() or words[-1].casefold() in PROBES):
        *words, last = words
        found += [
            ("".join(words[start:]).casefold(), " ".join([*words[:start], last]), False)
            for start in range(len(words))
        ]
    return found


@lru_cache(maxsize=8192)
def squeezed(name: str) -> str:
    """A key as vendor tables hold it: `Water Leak`, `water_leak` and `waterLeak` are all `waterleak`."""
    return "".join(WORD.findall(name)).casefold()


def as_told(event: Event, kind: str, name: str, raw: Any, *, cached: bool) -> bool:
    """Makes it what a vendor's table says of `name`; False where nothing is said: a release, no value.

    A number where true or false is due (a gas detector's reading in ppm) is no alarm: it stays `other`, with
    its name and value, as does everything the table does not know.
    """
    inverted = kind == "door_open" and "contact" in squeezed(name) and not says_door(raw)
    on = truth(raw) if kind not in MEASUREMENTS else None
    value = number(raw)
    if kind in MEASUREMENTS and value is not None:
        as_measure(event, kind, value)
    elif kind not in MEASUREMENTS and kind != "other" and on is not None:
        if kind in PRESSED and not on:
            return False
        as_flag(event, kind, name, on is not inverted, cached=cached)
    elif kind == "button" and isinstance(raw, str) and value is None and raw.strip():
        # `short`, `double`, `long`: how it was pressed.
        as_flag(event, kind, name, True, cached=cached)
        event.attributes["action"] = clean_value(raw.strip()[:64])
    else:
        return _as_other(event, name, raw, value)
    return True


def _as_other(event: Event, name: str, raw: Any, value: float | None) -> bool:
    if raw is None or isinstance(raw, (dict, list)):
        return False
    event.kind = "other"
    event.attributes["vendor_code"] = clean_value(name)
    event.phase = "pulse" if value is None or isinstance(raw, bool) else "measure"
    if event.phase == "measure":
        event.value = value
    else:
        event.attributes["value"] = clean_value(raw)
    return True
