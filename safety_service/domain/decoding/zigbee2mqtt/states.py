"""The state of a Zigbee device: an object that holds everything known of it, cached values too, each time.

What began and is still so comes again with every report of the battery: it is a start under the same id
(`readings`), and what is told first after a restart of the bridge is taken as a stored state (`recall`).
"""

from datetime import tzinfo
from typing import Any

from safety_service.domain.decoding.readings import Telling, mark_of, truth
from safety_service.domain.decoding.refusal import read_any, refused
from safety_service.domain.decoding.times import Reading, read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.decoding.zigbee2mqtt.actions import acted
from safety_service.domain.decoding.zigbee2mqtt.bridge import NETWORK
from safety_service.domain.decoding.zigbee2mqtt.keys import (
    FLAGS,
    INVERTED,
    MEASURES,
    PROBES,
    SAID_TWICE,
    WORDS,
    of_part,
)
from safety_service.domain.types import Event, Message, Rejected


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
        if key in FLAGS:
            _flag(telling, key, value, key)
        elif (kind := MEASURES.get(key)) is not None:
            if content.get(SAID_TWICE.get(key, "")) is None:
                telling.measure(kind, key, value)
        elif key == "action" or (key == "click" and "action" not in content):
            acted(telling, key, value, content)
        elif (channel := PROBES.get(key)) is not None:
            telling.measure("temperature", key, value, channel)
        elif key in WORDS:
            told = WORDS[key].get(value.lower()) if isinstance(value, str) else None
            if told is not None:
                telling.say(told[0], key, told[1])
        elif (of := of_part(key)) is not None:
            _of_part(telling, key, value, *of)
    return telling.close()


def _flag(telling: Telling, name: str, value: Any, key: str, part: str = "") -> None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value not in (0, 1):
        return
    if key == "alarm" and isinstance(value, str) and value and truth(value) is None:
        # Thermometers name the bound that was crossed: over_temperature, below_min_humidity …
        value = True
    telling.flag(FLAGS[key], name, value, part, inverted=key in INVERTED)


def _of_part(telling: Telling, name: str, value: Any, key: str, part: str) -> None:
    if key in FLAGS:
        _flag(telling, name, value, key, part)
    else:
        telling.measure(MEASURES[key], name, value, part)
