"""The keys of a Zigbee device's state as event kinds, those of its parts too."""

import re
from functools import lru_cache

FLAGS: dict[str, str] = {
    "smoke": "smoke",
    "gas": "gas_leak",
    # No kind of its own: it kills like gas, and is never held back either.
    "carbon_monoxide": "gas_leak",
    # The two alarms of a zone, where a device has both.
    "smoke_alarm": "smoke",
    "gas_alarm": "gas_leak",
    "carbon_monoxide_alarm": "gas_leak",
    "water_leak_alarm": "water_leak",
    "water_leak": "water_leak",
    "contact": "door_open",
    "garage_door_contact": "door_open",
    "occupancy": "occupancy",
    "presence": "presence",
    "vibration": "vibration",
    "moving": "vibration",
    "tamper": "tamper",
    "battery_low": "battery",
    "alarm": "alarm_input",
    "sos": "panic_button",
}
INVERTED = frozenset({"contact", "garage_door_contact"})
"""`contact: false` says that the two halves are apart: the door is open."""
MEASURES: dict[str, str] = {
    "temperature": "temperature",
    "local_temperature": "temperature",
    "humidity": "humidity",
    "illuminance_lux": "illuminance",
    "illuminance": "illuminance",
    "illuminance_value": "illuminance",
    "co2": "co2",
    "eco2": "co2",
    "pm25": "pm25",
    "voc": "tvoc",
    "voc_parts": "tvoc",
    "noise": "noise",
    "people": "people_count",
    "power": "power",
    "voltage": "voltage",
    "battery_voltage": "voltage",
    "battery": "battery",
}
SAID_TWICE: dict[str, str] = {
    # Old versions tell the raw reading beside the one in lux.
    "illuminance": "illuminance_lux",
    "eco2": "co2",
    "local_temperature": "temperature",
    "voc_parts": "voc",
}
"""The key is left alone where the other stands beside it."""
PROBES: dict[str, str] = {"temperature_probe": "probe", "external_temperature": "probe"}
"""A probe in a cold store and the room around its box are two temperatures."""
WORDS: dict[str, dict[str, tuple[str, bool]]] = {
    "door_state": {
        "open": ("door_open", True),
        "closed": ("door_open", False),
        "error_forced_open": ("door_forced", True),
    },
    # Radars for people: what is only suspected is not told.
    "fall_down_status": {"fall": ("fall", True), "none": ("fall", False)},
    "presence_state": {
        "none": ("presence", False),
        "presence": ("presence", True),
        "move": ("presence", True),
    },
    "fall_status": {"fall": ("fall", True), "normal": ("fall", False)},
}
"""Keys that hold one of several words, each with its kind and whether it is so."""
PRESSES = ("action", "click")
ATTRIBUTES = frozenset({*FLAGS, *MEASURES, *PROBES, *WORDS, *PRESSES})
_NO_NEWS = (
    "linkquality last_seen state update update_available device brightness color_temp color_mode energy "
    "current test self_test trouble elapsed child_lock lock_state power_outage_count device_temperature "
    "smoke_density sensitivity battery_state power_on_behavior"
)
NO_NEWS = frozenset(_NO_NEWS.split())
"""Further keys with a topic of their own where each key has one; as a device they would be refused."""
_PART = re.compile(r"(.+)_(l?[0-9]{1,2}|left|right|phase_[abc])")


@lru_cache(maxsize=4096)
def of_part(key: str) -> tuple[str, str] | None:
    """Key and part of `temperature_2`, `contact_l1` or `power_phase_b`; None where there is no such key.

    What is numbered 1 is told of the device itself.
    """
    match = _PART.fullmatch(key)
    if match is None or not (match[1] in MEASURES or match[1] in FLAGS):
        return None
    return match[1], "" if match[2] == "1" else match[2]
