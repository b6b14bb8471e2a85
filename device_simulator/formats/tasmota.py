"""Tasmota: sensors and switches as telemetry in local time; a panic button is a switch, as it is wired."""

from datetime import datetime
from typing import Any

import msgspec

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

_encode = msgspec.json.Encoder().encode
_SENSORS = {
    "temperature": ("DS18B20", "Temperature"),
    "humidity": ("AM2301", "Humidity"),
    "co2": ("SCD40", "CarbonDioxide"),
    "pm25": ("PMS5003", "PM2.5"),
    "illuminance": ("BH1750", "Illuminance"),
    "power": ("ENERGY", "Power"),
    "voltage": ("ENERGY", "Voltage"),
}
_SWITCHED = frozenset({"panic_button", "alarm_input"})


def write(_pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """`tele/…/SENSOR` for a reading or a switch, `tele/…/STATE` for a heartbeat, `RESULT` for a button."""
    return [_write_one(each, now.strftime("%Y-%m-%dT%H:%M:%S")) for each in happenings]


def link(school: str, _pen: Pen) -> Link:
    """The retained last will of the connection."""
    return Link(f"campus/v1/{school}/tasmota/tele/sim-{school}/LWT", b"Online", b"Offline")


def _write_one(happening: Happening, time: str) -> WireMessage:
    kind = happening.kind
    if kind == "button":
        return _message(happening, "stat", "RESULT", {"Button1": {"Action": "SINGLE"}})
    if kind == "heartbeat":
        state = {"Time": time, "UptimeSec": 86400, "Vcc": 3.41, "MqttCount": 1, "Wifi": {"RSSI": 82}}
        return _message(happening, "tele", "STATE", state)
    if kind in _SWITCHED:
        word = "OFF" if happening.phase == "end" else "ON"
        return _message(happening, "tele", "SENSOR", {"Time": time, "Switch1": word})
    sensor, field = _SENSORS[kind]
    told = {"Time": time, sensor: {field: happening.value}, "TempUnit": "C"}
    return _message(happening, "tele", "SENSOR", told)


def _message(happening: Happening, prefix: str, last: str, body: dict[str, Any]) -> WireMessage:
    device = happening.device
    topic = f"campus/v1/{device.school}/tasmota/{prefix}/{device.code}/{last}"
    return WireMessage(device.school, "tasmota", topic, _encode(body))


_ROLES = frozenset({"thermometer", "panic_button"})
TASMOTA = Format(write, link, frozenset({*_SENSORS, *_SWITCHED, "button", "heartbeat"}), _ROLES)
