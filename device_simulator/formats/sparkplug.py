"""Sparkplug B: a birth with names and numbers before a device says anything, then data by number."""

import struct
from datetime import datetime
from typing import Any

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

_FLAGS = {
    "smoke": "Smoke",
    "fire": "Fire",
    "gas_leak": "Gas Leak",
    "water_leak": "Water Leak",
    "power_loss": "Power Loss",
    "door_open": "Door Open",
    "occupancy": "Occupancy",
    "tamper": "Tamper",
    "panic_button": "Panic Button",
    "button": "Button",
}
_MEASURES = {
    "temperature": "Temperature",
    "humidity": "Humidity",
    "co2": "CO2",
    "pm25": "PM2.5",
    "illuminance": "Illuminance",
    "voltage": "Supply Voltage",
}
_ALIASES = {kind: number for number, kind in enumerate([*_FLAGS, *_MEASURES], 1)}
_NAMES = _FLAGS | _MEASURES
_GROUP, _NODE = "campus", "edge-1"
_INT64, _DOUBLE, _BOOLEAN = 4, 10, 11


def write(pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """A node's birth and a device's, where they are due, then one message of data for each happening."""
    stamp = round(now.timestamp() * 1000)
    messages: list[WireMessage] = []
    for each in happenings:
        school, device = each.device.school, each.device.code
        node = pen.memory.setdefault(("sparkplug", school), {"seq": -1, "born": set()})
        if node["seq"] < 0:
            messages.append(_message(node, school, "NBIRTH", "", stamp, [_metric("bdSeq", None, 0, stamp)]))
        born = (device, each.kind)
        if born not in node["born"]:
            node["born"].add(born)
            kinds = sorted(kind for name, kind in node["born"] if name == device)
            metrics = [_metric(_NAMES[kind], _ALIASES[kind], _resting(kind, each), stamp) for kind in kinds]
            messages.append(_message(node, school, "DBIRTH", device, stamp, metrics))
        value = each.value if each.kind in _MEASURES else each.phase != "end"
        data = [_metric(None, _ALIASES[each.kind], value, stamp)]
        messages.append(_message(node, school, "DDATA", device, stamp, data))
    return messages


def link(school: str, _pen: Pen) -> Link:
    """The death certificate as the last will; an empty message takes it away again."""
    metrics = [_metric("bdSeq", None, 0, 0)]
    topic = f"campus/v1/{school}/sparkplug/spBv1.0/{_GROUP}/NDEATH/{_NODE}"
    return Link(topic, b"", _payload(None, None, metrics))


def _resting(kind: str, happening: Happening) -> Any:
    """What a metric is at its birth: a reading as it is now, everything else not so."""
    if kind not in _MEASURES:
        return False
    return happening.value if kind == happening.kind else None


def _message(
    node: dict[str, Any], school: str, type: str, device: str, stamp: int, metrics: list[bytes]
) -> WireMessage:
    node["seq"] = (node["seq"] + 1) % 256
    below = f"/{device}" if device else ""
    topic = f"campus/v1/{school}/sparkplug/spBv1.0/{_GROUP}/{type}/{_NODE}{below}"
    return WireMessage(school, "sparkplug", topic, _payload(stamp, node["seq"], metrics))


def _payload(stamp: int | None, seq: int | None, metrics: list[bytes]) -> bytes:
    body = b"" if stamp is None else _number(1, stamp)
    body += b"".join(_bytes(2, metric) for metric in metrics)
    return body if seq is None else body + _number(3, seq)


def _metric(name: str | None, alias: int | None, value: Any, stamp: int) -> bytes:
    body = b"" if name is None else _bytes(1, name.encode())
    if alias is not None:
        body += _number(2, alias)
    body += _number(3, stamp)
    if value is None:
        return body + _number(4, _DOUBLE) + _number(7, 1)
    if isinstance(value, bool):
        return body + (_number(4, _BOOLEAN) if name is not None else b"") + _number(14, int(value))
    if isinstance(value, int) and name == "bdSeq":
        return body + _number(4, _INT64) + _number(11, value)
    typed = _number(4, _DOUBLE) if name is not None else b""
    return body + typed + _varint(13 << 3 | 1) + struct.pack("<d", value)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """A number in groups of seven bits, the lowest first, as protobuf writes it."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


_ROLES = frozenset({"smoke_detector", "gas_detector", "thermometer", "door_contact", "panic_button"})
SPARKPLUG = Format(write, link, frozenset(_NAMES), _ROLES)
