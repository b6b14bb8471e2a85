"""Zigbee2MQTT: which topic is a device, which one its availability, which one the bridge.

A friendly name may hold slashes, so topics are read from their end. The bridge is the device `zigbee2mqtt`,
or `NAME` where its base topic goes on after the format (`…/zigbee2mqtt/NAME`).
"""

from datetime import tzinfo

from safety_service.domain.decoding.readings import device_of
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.decoding.zigbee2mqtt.bridge import BRIDGE, decode_bridge, online_or_not
from safety_service.domain.decoding.zigbee2mqtt.keys import ATTRIBUTES, NO_NEWS
from safety_service.domain.decoding.zigbee2mqtt.states import decode_attribute, decode_state
from safety_service.domain.types import Event, Message, Rejected

COMMANDS = frozenset({"set", "get"})


def decode_zigbee2mqtt(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """Events of one network. Commands, lists and logs of the bridge carry no news: an empty list."""
    rest = topic.rest
    if not rest:
        return []
    if BRIDGE in rest:
        return decode_bridge(message, topic, rest.index(BRIDGE), zone)
    if rest[-1] in COMMANDS or (len(rest) > 1 and rest[-2] in COMMANDS):
        return []
    attribute = ""
    if len(rest) > 1:
        if rest[-1] == "availability":
            return online_or_not(message, topic, device_of(rest[:-1]))
        if not message.payload.lstrip().startswith(b"{"):
            # `output: attribute` gives each key a topic of its own, with the bare value.
            if rest[-1] in NO_NEWS:
                return []
            if rest[-1] in ATTRIBUTES:
                attribute, rest = rest[-1], rest[:-1]
    device = device_of(rest)
    if isinstance(device, Rejected):
        return [device]
    if attribute:
        return decode_attribute(message, topic, device, attribute, zone)
    return decode_state(message, topic, device, zone)
