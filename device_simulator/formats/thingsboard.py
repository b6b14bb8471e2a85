"""ThingsBoard: one gateway's telemetry for all devices of a school, numbers and booleans as JSON has them."""

from datetime import datetime
from typing import Any

import msgspec

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

_encode = msgspec.json.Encoder().encode
_FLAGS = {
    "smoke": "smoke",
    "fire": "fire",
    "gas_leak": "gasLeak",
    "water_leak": "waterLeak",
    "power_loss": "powerLoss",
    "door_open": "doorOpen",
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
    "battery": "batteryLevel",
    "power": "activePower",
}
_PRESSED = {"panic_button": "sos", "button": "button"}


def write(_pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """One message for all happenings of a school, as a gateway sends them."""
    stamp = round(now.timestamp() * 1000)
    told: dict[str, list[dict[str, Any]]] = {}
    for each in happenings:
        values = _values(each)
        if values:
            told.setdefault(each.device.code, []).append({"ts": stamp, "values": values})
    school = happenings[0].device.school
    topic = f"campus/v1/{school}/thingsboard/v1/gateway/telemetry"
    return [WireMessage(school, "thingsboard", topic, _encode(told))] if told else []


def link(_school: str, _pen: Pen) -> Link | None:
    """None: to ThingsBoard the connection itself is the sign of life."""
    return None


def _values(happening: Happening) -> dict[str, Any]:
    kind = happening.kind
    if kind in _MEASURES:
        return {_MEASURES[kind]: happening.value}
    if kind in _PRESSED:
        return {_PRESSED[kind]: True} if happening.phase in ("start", "pulse") else {}
    return {_FLAGS[kind]: happening.phase != "end"}


_ROLES = frozenset({"smoke_detector", "gas_detector", "thermometer", "door_contact", "panic_button"})
THINGSBOARD = Format(write, link, frozenset({*_FLAGS, *_MEASURES, *_PRESSED}), _ROLES)
