"""Telemetry of a Tasmota board: its switches, its sensors, and what its receivers hear of others."""

import re
from typing import Any

from safety_service.domain.decoding.readings import Telling, number
from safety_service.domain.decoding.tasmota.parts import acted, is_part
from safety_service.domain.decoding.tasmota.receivers import RECEIVERS, is_beacon, tell_beacon

FIELDS: dict[str, str] = {
    "Temperature": "temperature",
    "Humidity": "humidity",
    "Illuminance": "illuminance",
    "Lux": "illuminance",
    "CarbonDioxide": "co2",
    "CO2": "co2",
    "eCO2": "co2",
    "PM2.5": "pm25",
    "TVOC": "tvoc",
    "Noise": "noise",
    "Power": "power",
    "Voltage": "voltage",
    "BatteryVoltage": "voltage",
    "Battery": "battery",
    "BatteryPercentage": "battery",
}
FLAGS: dict[str, str] = {"PIR": "motion", "Motion": "motion", "Leak": "water_leak"}
"""What Bluetooth sensors say in 0 and 1."""
ESTIMATED, MEASURED = "eCO2", frozenset({"CarbonDioxide", "CO2"})
NUMBERED = re.compile(r"(Temperature|Illuminance|Humidity|CO2)([0-9]{1,2})")
CHIPS = frozenset({"ESP32"})
"""How warm its own processor is tells nothing of the room."""
TWIN = re.compile(r".+[-_](?:0x)?[0-9A-Fa-f]{1,16}")
"""`DS18B20-1`, `SHT3X-0x44`, or by the end of its address, `LYWSD03-52680f`."""


def tell_telemetry(telling: Telling, content: dict[str, Any], _prefix: str) -> None:
    """Switches, buttons and sensors, in the order of the object."""
    fahrenheit = content.get("TempUnit") == "F"
    told: set[str] = set()
    for name, value in content.items():
        if isinstance(value, dict):
            if (receiver := RECEIVERS.get(name)) is not None:
                receiver(telling, name, value)
            elif is_beacon(name):
                tell_beacon(telling, name, value)
            elif is_part(name):
                acted(telling, name, value)
            elif name not in CHIPS:
                _readings(telling, name, value, told, fahrenheit)
        elif (kind := FIELDS.get(name)) is not None:
            # Boards of one purpose tell their readings without naming a sensor.
            told.add(kind)
            telling.measure(kind, name, _in_degrees(kind, value, fahrenheit))
        elif isinstance(value, str) and is_part(name):
            acted(telling, name, value)


def _readings(
    telling: Telling, sensor: str, content: dict[str, Any], told: set[str], fahrenheit: bool
) -> None:
    is_twin = TWIN.fullmatch(sensor) is not None
    for field, raw in content.items():
        numbered = NUMBERED.fullmatch(field)
        kind = FIELDS.get(field if numbered is None else numbered[1])
        if kind is None:
            if field in FLAGS and raw in (0, 1):
                telling.flag(FLAGS[field], f"{sensor}.{field}", raw, sensor if is_twin else "")
            continue
        if field == ESTIMATED and not MEASURED.isdisjoint(content):
            continue
        channel = sensor if is_twin or kind in told else ""
        if numbered is not None and numbered[2] != "1":
            channel = f"{sensor}-{numbered[2]}"
        told.add(kind)
        values = raw if isinstance(raw, list) else [raw]
        for place, value in enumerate(values[:8]):
            part = f"{channel or sensor}-{place + 1}" if place else channel
            degrees = _in_degrees(kind, value, fahrenheit)
            telling.measure(kind, f"{sensor}.{field}{place or ''}", degrees, part)


def _in_degrees(kind: str, value: Any, fahrenheit: bool) -> Any:
    if kind == "temperature" and fahrenheit and (degrees := number(value)) is not None:
        return round((degrees - 32) / 1.8, 2)
    return value
