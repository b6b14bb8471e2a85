"""Devices of a view library: registered and gone, alive, online or not."""

from typing import Any

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.telling import receipt_key
from safety_service.domain.decoding.viid.shapes import Sender, device_of, objects_in, text
from safety_service.domain.types import Event, Phase, Rejected

# 1 is online, 2 offline, 9 is anything else. Some send a truth value.
ONLINE: dict[str, tuple[Phase, str]] = {
    "1": ("end", "online"),
    "true": ("end", "online"),
    "on": ("end", "online"),
    "online": ("end", "online"),
    "0": ("start", "offline"),
    "2": ("start", "offline"),
    "false": ("start", "offline"),
    "off": ("start", "offline"),
    "offline": ("start", "offline"),
}


def read_device(content: dict[str, Any], sender: Sender, place: str, number: int) -> list[Event | Rejected]:
    """A capturing device with its state. Without one it is an inventory and no news."""
    raw = content.get("IsOnline", content.get("Status"))
    state = str(raw).strip().lower() if isinstance(raw, (str, int, bool)) else ""
    if state not in ONLINE:
        return []
    device = device_of({"DeviceID": text(content, "ApeID", "DeviceID", "APEID")}, sender._replace(name=""))
    if isinstance(device, Rejected):
        return [refused("missing_field", f"{place}.ApeID", "The field ApeID is required and missing.")]
    phase, word = ONLINE[state]
    attributes = {"status": word}
    if name := text(content, "Name"):
        attributes["name"] = name
    return [_state(device, phase, clean_value(attributes), sender, number)]


def read_registration(content: Any, sender: Sender, name: str) -> list[Event | Rejected]:
    """Register ends an outage, UnRegister begins one."""
    device = device_of(_first(content, name), sender)
    if isinstance(device, Rejected):
        return [device]
    phase: Phase = "end" if name == "Register" else "start"
    return [_state(device, phase, {"status": name.lower()}, sender)]


def read_keepalive(content: Any, sender: Sender) -> list[Event | Rejected]:
    device = device_of(_first(content, "Keepalive"), sender)
    if isinstance(device, Rejected):
        return [device]
    event = _state(device, "pulse", {"status": "alive"}, sender)
    event.kind = "heartbeat"
    event.dedup_key = f"heartbeat|{receipt_key(sender.message)}"
    return [event]


def _first(content: Any, name: str) -> dict[str, Any]:
    return next(iter(objects_in(content, name)), {})


def _state(device: str, phase: Phase, attributes: dict[str, Any], sender: Sender, number: int = 0) -> Event:
    message = sender.message
    return Event(
        school=sender.topic.school,
        device=device,
        kind="device_offline",
        phase=phase,
        occurred_at=message.received_at,
        received_at=message.received_at,
        format=sender.topic.format,
        dedup_key=f"device_offline|{phase}|{receipt_key(message)}|{number}",
        attributes=attributes,
        retained=message.retained,
        gateway=sender.name or None,
        told_at=message.received_at,
    )
