"""Zigbee2MQTT: the whole cached state with every change, a press as an action that is not kept."""

from datetime import datetime
from typing import Any

import msgspec

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

_encode = msgspec.json.Encoder(order="sorted").encode
_FLAGS = {
    "smoke": "smoke",
    "gas_leak": "gas",
    "water_leak": "water_leak",
    "door_open": "contact",
    "occupancy": "occupancy",
    "vibration": "vibration",
    "tamper": "tamper",
}
_MEASURES = {
    "temperature": "temperature",
    "humidity": "humidity",
    "co2": "co2",
    "pm25": "pm25",
    "illuminance": "illuminance",
    "battery": "battery",
}
_ACTIONS = {"panic_button": "emergency", "button": "single"}


def write(pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """One message for each happening; what was told before stands in it once more."""
    return [message for each in happenings for message in _write_one(pen, each, now)]


def link(school: str, _pen: Pen) -> Link:
    """The bridge's retained state."""
    return Link(f"campus/v1/{school}/zigbee2mqtt/bridge/state", b'{"state":"online"}', b'{"state":"offline"}')


def _write_one(pen: Pen, happening: Happening, now: datetime) -> list[WireMessage]:
    device = happening.device
    state: dict[str, Any] = pen.memory.setdefault(
        ("zigbee2mqtt", device.school, device.code), {"battery": 97, "linkquality": 112, "voltage": 2980}
    )
    told: dict[str, Any] = {"last_seen": round(now.timestamp() * 1000)}
    if happening.kind in _ACTIONS:
        if happening.phase not in ("start", "pulse"):
            return []
        told["action"] = _ACTIONS[happening.kind]
    elif happening.kind in _MEASURES:
        state[_MEASURES[happening.kind]] = happening.value
    else:
        # `contact` is true while the door is closed.
        state[_FLAGS[happening.kind]] = (happening.phase != "end") is not (happening.kind == "door_open")
    topic = f"campus/v1/{device.school}/zigbee2mqtt/{device.code}"
    return [WireMessage(device.school, "zigbee2mqtt", topic, _encode(state | told))]


_ROLES = frozenset({"smoke_detector", "gas_detector", "thermometer", "door_contact", "panic_button"})
ZIGBEE2MQTT = Format(write, link, frozenset({*_FLAGS, *_MEASURES, *_ACTIONS}), _ROLES)
