"""Shelly, second generation: what changed as `NotifyStatus`, presses as `NotifyEvent`."""

from datetime import datetime
from typing import Any

import msgspec

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

_encode = msgspec.json.Encoder().encode
_ALARMS = {"smoke": "smoke:0", "water_leak": "flood:0"}
_MEASURES = {
    "temperature": ("temperature:0", "tC"),
    "humidity": ("humidity:0", "rh"),
    "illuminance": ("illuminance:0", "lux"),
    "power": ("pm1:0", "apower"),
}
_PRESSED = frozenset({"panic_button", "button"})
_PUSHES = ("btn_down", "btn_up", "single_push")


def write(_pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """One notification for each happening, with what changed and nothing else."""
    return [message for each in happenings for message in _write_one(each, round(now.timestamp(), 2))]


def link(school: str, _pen: Pen) -> Link:
    """The retained last will of the connection."""
    return Link(f"campus/v1/{school}/shelly/sim-{school}/online", b"true", b"false")


def _write_one(happening: Happening, ts: float) -> list[WireMessage]:
    kind = happening.kind
    if kind in _PRESSED:
        if happening.phase not in ("start", "pulse"):
            return []
        # One push is three events: down, up, and what it was.
        events = [
            {"component": "input:0", "id": 0, "event": word, "ts": round(ts + place * 0.12, 2)}
            for place, word in enumerate(_PUSHES)
        ]
        return [_message(happening, "NotifyEvent", {"ts": ts, "events": events})]
    if kind == "alarm_input":
        change: dict[str, Any] = {"input:0": {"id": 0, "state": happening.phase != "end"}}
    elif kind in _ALARMS:
        change = {_ALARMS[kind]: {"id": 0, "alarm": happening.phase != "end", "mute": False}}
    else:
        component, field = _MEASURES[kind]
        change = {component: {"id": 0, field: happening.value}}
    return [_message(happening, "NotifyStatus", {"ts": ts, **change})]


def _message(happening: Happening, method: str, parameters: dict[str, Any]) -> WireMessage:
    device = happening.device
    prefix = f"campus/v1/{device.school}/shelly/{device.code}"
    body = {"src": device.code, "dst": f"{prefix}/events", "method": method, "params": parameters}
    return WireMessage(device.school, "shelly", f"{prefix}/events/rpc", _encode(body))


_ROLES = frozenset({"smoke_detector", "thermometer", "panic_button"})
SHELLY = Format(write, link, frozenset({*_ALARMS, *_MEASURES, *_PRESSED, "alarm_input"}), _ROLES)
