"""What Zigbee2MQTT says of itself: online or not, and devices that come and go."""

from datetime import tzinfo
from typing import Any

import msgspec

from safety_service.domain.decoding.cleaning import clean_name, clean_value
from safety_service.domain.decoding.liveness import liveness, word_event
from safety_service.domain.decoding.readings import device_of, read_object
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected

NETWORK = "zigbee2mqtt"
BRIDGE = "bridge"
ANNOUNCING = frozenset({"device_joined", "device_announce", "device_interview", "device_leave"})
ONCE_LOGGED: dict[str, str] = {
    "device_connected": "device_joined",
    "device_announced": "device_announce",
    "pairing": "device_interview",
    "device_removed": "device_leave",
}
"""What version 1 told of devices on `bridge/log`, in the words of `bridge/event`."""


def decode_bridge(message: Message, topic: Topic, at: int, _zone: tzinfo) -> list[Event | Rejected]:
    """States, comings and goings; `at` is where `bridge` stands. Everything else is no news."""
    rest = topic.rest
    device = device_of(rest[:at]) if at else NETWORK
    if isinstance(device, Rejected):
        return [device]
    if rest[at + 1 :] == ("state",):
        return online_or_not(message, topic, device, gateway=device)
    if rest[at + 1 :] == ("event",):
        return _announced(message, topic, device)
    if rest[at + 1 :] == ("log",):
        return _logged(message, topic, device)
    return []


def online_or_not(
    message: Message, topic: Topic, device: str | Rejected, *, gateway: str = NETWORK
) -> list[Event | Rejected]:
    """`online` or `offline`, as one word (version 1) or as `{"state": …}`."""
    if isinstance(device, Rejected):
        return [device]
    if message.payload.lstrip().startswith(b"{"):
        content = read_object(message.payload)
        if isinstance(content, Rejected):
            return [content]
        word = content.get("state")
        if not isinstance(word, str):
            return [refused("missing_field", "state", "The field state is required and is a text.")]
        message = msgspec.structs.replace(message, payload=word.encode("utf-8", "replace"))
    return liveness(message, topic, device=device, gateway=gateway)


def _announced(message: Message, topic: Topic, gateway: str) -> list[Event | Rejected]:
    content = read_object(message.payload)
    if isinstance(content, Rejected):
        return [content]
    return _coming_or_going(message, topic, gateway, content.get("type"), content.get("data"))


def _logged(message: Message, topic: Topic, gateway: str) -> list[Event | Rejected]:
    """`{"type": "pairing", "message": "interview_successful", "meta": {…}}`; of old, meta was the message."""
    content = read_object(message.payload)
    if isinstance(content, Rejected):
        return [content]
    word, about = content.get("type"), content.get("meta", content.get("message"))
    word = ONCE_LOGGED.get(word) if isinstance(word, str) else None
    if not isinstance(about, dict) or not isinstance(about.get("friendly_name"), str):
        return []
    return _coming_or_going(message, topic, gateway, word, about)


def _coming_or_going(
    message: Message, topic: Topic, gateway: str, word: Any, about: Any
) -> list[Event | Rejected]:
    if not isinstance(word, str) or word not in ANNOUNCING or not isinstance(about, dict):
        return []
    name = about.get("friendly_name") or about.get("ieee_address")
    device = (
        device_of((name,))
        if isinstance(name, str)
        else refused(
            "missing_field", "data.friendly_name", "The field friendly_name is required and is a text."
        )
    )
    if isinstance(device, Rejected):
        return [device]
    event = word_event(message, topic, device, gateway, "device_announce", "pulse", word)
    event.attributes |= _described(about)
    return [event]


def _described(about: dict[str, Any]) -> dict[str, Any]:
    """Address, maker and model, as far as they are told."""
    definition = about.get("definition")
    parts = {**(definition if isinstance(definition, dict) else {}), **about}
    wanted = ("ieee_address", "vendor", "model")
    return {key: clean_value(clean_name(parts[key])) for key in wanted if isinstance(parts.get(key), str)}
