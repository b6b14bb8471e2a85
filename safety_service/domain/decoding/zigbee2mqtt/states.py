"""The state of a Zigbee device: an object that holds everything known of it, cached values too, each time.

What began and is still so comes again with every report of the battery: it is a start under the same id
(`readings`), and what is told first after a restart of the bridge is taken as a stored state (`recall`).
"""

from datetime import tzinfo
from typing import Any

from safety_service.domain.decoding.readings import Telling, mark_of, number, truth
from safety_service.domain.decoding.refusal import read_any, refused
from safety_service.domain.decoding.times import Reading, read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.decoding.zigbee2mqtt.bridge import NETWORK
from safety_service.domain.types import Event, Message, Rejected

FLAGS: dict[str, str] = {
    "smoke": "smoke",
    "gas": "gas_leak",
    # No kind of its own: it kills like gas, and is never held back either.
    "carbon_monoxide": "gas_leak",
    "water_leak": "water_leak",
    "contact": "door_open",
    "occupancy": "occupancy",
    "presence": "presence",
    "vibration": "vibration",
    "tamper": "tamper",
    "battery_low": "battery",
    "alarm": "alarm_input",
    "sos": "panic_button",
}
INVERTED = frozenset({"contact"})
"""`contact: false` says that the two halves are apart: the door is open."""
MEASURES: dict[str, str] = {
    "temperature": "temperature",
    "humidity": "humidity",
    "illuminance_lux": "illuminance",
    "illuminance": "illuminance",
    "co2": "co2",
    "pm25": "pm25",
    "voc": "tvoc",
    "noise": "noise",
    "power": "power",
    "voltage": "voltage",
    "battery": "battery",
}
PROBES: dict[str, str] = {"temperature_probe": "probe", "external_temperature": "probe"}
"""A probe in a cold store and the room around its box are two temperatures."""
PRESSES = ("action", "click")
ATTRIBUTES = frozenset({*FLAGS, *MEASURES, *PROBES, *PRESSES})
RELEASES = ("release", "_stop", "released")
PANIC = frozenset({"emergency", "panic", "sos"})


def decode_state(message: Message, topic: Topic, device: str, zone: tzinfo) -> list[Event | Rejected]:
    """Everything one object says, in its order; keys that no rule could use are left alone."""
    if not message.payload:
        return []
    content = read_any(message.payload)
    if isinstance(content, Rejected):
        return [content]
    if not isinstance(content, dict):
        detail = f"The state of a device is an object, not {type(content).__name__}."
        return [refused("bad_value", "payload", detail)]
    time = read_time(content.get("last_seen"), message.received_at, zone)
    return _read(_telling(message, topic, device, time), content)


def decode_attribute(
    message: Message, topic: Topic, device: str, name: str, zone: tzinfo
) -> list[Event | Rejected]:
    """One key with a topic of its own; its bare value is text, a number or a word."""
    value = message.payload[:256].decode("utf-8", "replace").strip().strip('"')
    time = read_time(None, message.received_at, zone)
    return _read(_telling(message, topic, device, time), {name: value})


def _telling(message: Message, topic: Topic, device: str, time: Reading) -> Telling:
    return Telling(
        message=message,
        topic=topic,
        device=device,
        gateway=NETWORK,
        time=time,
        mark=mark_of(message, time),
        is_fine=time.told_at is not None and time.told_at.microsecond != 0,
    )


def _read(telling: Telling, content: dict[str, Any]) -> list[Event | Rejected]:
    telling.is_test = truth(content.get("test")) is True
    for key, value in content.items():
        if (kind := FLAGS.get(key)) is not None:
            if not isinstance(value, (int, float)) or isinstance(value, bool) or value in (0, 1):
                telling.flag(kind, key, value, inverted=key in INVERTED)
        elif (kind := MEASURES.get(key)) is not None:
            # Old versions tell the raw reading beside the one in lux.
            if key != "illuminance" or "illuminance_lux" not in content:
                telling.measure(kind, key, value)
        elif (channel := PROBES.get(key)) is not None:
            telling.measure("temperature", key, value, channel)
        elif key == "action" or (key == "click" and "action" not in content):
            _pressed(telling, key, value)
    return telling.close()


def _pressed(telling: Telling, key: str, value: Any) -> None:
    """`single`, `2_double`, `hold`, `emergency` …; an empty text and a release are no press."""
    if not isinstance(value, str) or number(value) is not None:
        return
    action = value.strip()[:64].replace("\x00", "")
    word = action.lower()
    if not word or word == "none" or word.endswith(RELEASES):
        return
    telling.press("panic_button" if word in PANIC else "button", key, action)
