"""Named values as ONVIF has them in `Source`, `Key` and `Data`: which is a state, a number, a name."""

from collections.abc import Mapping
from typing import Any

from safety_service.domain.decoding.cameras import NO, YES, number, text, truth
from safety_service.domain.decoding.lenient import yes_or_no

# In the order in which they are asked: the first that says yes or no is the state of the property.
STATES = (
    "state", "active", "logicalstate", "ismotion", "isinside", "istamper", "ispeople", "isvehicle", "isface",
    "issounddetected", "triggered", "failed", "critical", "lost", "disruption", "alert", "detected",
    "sensor_level", "open", "isloitering", "iscrossed", "alarm", "alarmactive",
)  # fmt: skip
# How the state of a door is told, beside what says yes and no everywhere.
WRONG = YES | {"doorforcedopen", "dooropentoolong", "tamperdetected"}
RIGHT = NO | {"normal", "notintamper"}
WORDS = ("action", "state", "callstate")
NUMBERS = ("value", "count", "status", "temperature", "humidity", "total", "percentageremainingcapacity")
CLASSES = ("classtypes", "classtype", "objecttype", "class", "type", "text")
PLATES = ("platenumber", "plate", "licenseplate", "carplate")
DEEPEST = 6
NOBODY = frozenset({"", "0", "-1"})

Items = dict[str, Any]


def items_of(section: Any) -> Items:
    """A section as one flat mapping with names in lower case, from an object or from lists of SimpleItem."""
    found: Items = {}
    if isinstance(section, Mapping):
        _gather(section, found, 0)
    return found


def state_of(data: Items) -> bool | None:
    """The state that the data of a property tells; None for a moment, which has none."""
    for name in STATES:
        if name in data and (state := yes_or_no(data[name], WRONG, RIGHT)) is not None:
            return state
    told = [truth(value) for value in data.values() if isinstance(value, bool) or value in ("true", "false")]
    if len(told) == 1:
        return told[0]
    # The list of classes in view is a state too: empty when the last of them has gone.
    classes = data.get("classtypes")
    return bool(classes.strip()) if isinstance(classes, str) and len(data) == 1 else None


def word_of(data: Items) -> str | None:
    """The word that tells an event from its kin: what an object does in an area, what ails a door."""
    for name in WORDS:
        if name in data and isinstance(told := data[name], str) and told and truth(told) is None:
            return text(told)
    return None


def number_of(data: Items) -> float | None:
    """The measured value: by its usual name, else the only number there is."""
    for name in NUMBERS:
        if name in data and (found := number(data[name])) is not None:
            return found
    rest = [value for name, value in data.items() if name not in STATES]
    found_all = [found for value in rest if (found := number(value)) is not None]
    return found_all[0] if len(found_all) == 1 else None


def class_of(data: Items) -> str | None:
    """What kind of object was seen, in lower case."""
    for name in CLASSES:
        if (found := text(data.get(name))) is not None:
            return found.lower()
    return None


def plate_of(data: Items) -> str | None:
    for name in PLATES:
        if (found := text(data.get(name))) is not None:
            return found
    return None


def object_of(data: Items) -> str | None:
    """The id of the object; firmware that has none writes an empty text, 0 or -1."""
    found = text(data.get("objectid"))
    return None if found is None or found in NOBODY else found


def _gather(section: Mapping[str, Any], found: Items, depth: int) -> None:
    for name, value in section.items():
        if name in ("SimpleItem", "ElementItem"):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, Mapping) and "Name" in item:
                    found.setdefault(str(item["Name"]).rpartition(":")[2].lower(), item.get("Value"))
        elif isinstance(value, Mapping):
            if depth < DEEPEST:
                _gather(value, found, depth + 1)
        elif isinstance(value, list):
            for item in value[:4]:
                if isinstance(item, Mapping) and depth < DEEPEST:
                    _gather(item, found, depth + 1)
        else:
            found.setdefault(name.lstrip("@#").lower(), value)
