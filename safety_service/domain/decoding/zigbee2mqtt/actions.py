"""What `action` says: mostly that a button was pressed, but locks, shocks and zones of a room say it too."""

import re
from typing import Any

from safety_service.domain.decoding.readings import Telling, number

RELEASES = ("release", "_stop", "released")
PANIC = frozenset({"emergency", "panic", "sos"})
SHOCKS = frozenset({"vibration", "tilt", "drop"})
LOCK = frozenset({"lock", "unlock", "locked", "unlocked"})
REGION = re.compile(r"(region_[0-9]{1,2})_(enter|leave|occupied|unoccupied)")


def acted(telling: Telling, key: str, value: Any, content: dict[str, Any]) -> None:
    """`single`, `2_double`, `hold`, `emergency` …; an empty text and a release are no press."""
    if not isinstance(value, str) or number(value) is not None:
        return
    action = value.strip()[:64].replace("\x00", "")
    word = action.lower()
    if not word or word == "none" or word.endswith(RELEASES):
        return
    parts = word.split("_")
    if word in SHOCKS:
        # New versions set the key `vibration` beside it, and take it back.
        if content.get("vibration") is None:
            telling.moment("vibration", key, action)
    elif not LOCK.isdisjoint(parts):
        telling.moment("other", key, action)
    elif word.startswith("region_") and (zone := REGION.fullmatch(word)) is not None:
        telling.say("presence", f"{key}.{zone[1]}", zone[2] in ("enter", "occupied"), zone[1])
    else:
        telling.press("button" if PANIC.isdisjoint(parts) else "panic_button", key, action)
