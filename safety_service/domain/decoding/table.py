"""Which decoder reads which format, and `decode`, which never raises, whatever the bytes."""

from collections.abc import Callable
from datetime import UTC, tzinfo

import msgspec

from safety_service.domain.decoding import (
    aibox,
    axis,
    dahua,
    frigate,
    gb28181,
    hikvision,
    native,
    onvif,
    receipts,
    service,
    shelly,
    sparkplug,
    tasmota,
    thingsboard,
    viid,
    zigbee2mqtt,
)
from safety_service.domain.decoding.refusal import decoder_failed, refused
from safety_service.domain.decoding.topic import Topic, parse_topic
from safety_service.domain.types import Event, Message, Rejected

Decoder = Callable[[Message, Topic, tzinfo], list[Event | Rejected]]

DECODERS: dict[str, Decoder] = {
    "native": native.decode_native,
    "frigate": frigate.decode_frigate,
    "zigbee2mqtt": zigbee2mqtt.decode_zigbee2mqtt,
    "tasmota": tasmota.decode_tasmota,
    "shelly": shelly.decode_shelly,
    "sparkplug": sparkplug.decode_sparkplug,
    "thingsboard": thingsboard.decode_thingsboard,
    "onvif": onvif.decode_onvif,
    "axis": axis.decode_axis,
    "hikvision": hikvision.decode_hikvision,
    "dahua": dahua.decode_dahua,
    "gb28181": gb28181.decode_gb28181,
    "viid": viid.decode_viid,
    "aibox": aibox.decode_aibox,
    "service": service.decode_service,
    "receipts": receipts.decode_receipts,
}

LARGEST_PAYLOAD = 1 << 20


def decode(message: Message, zone: tzinfo, *, largest: int = LARGEST_PAYLOAD) -> list[Event | Rejected]:
    """Everything one message says, in its order; empty when it is valid and carries no news.

    `zone` is the school's, for times without an offset; `largest` is in bytes. What could not be read is a
    `Rejected` among the events. A `Rejected` with reason `bad_time`, or one for a field an event can do
    without, stands after an event that is kept.
    """
    topic = parse_topic(message.topic)
    if isinstance(topic, Rejected):
        return [topic]
    decoder = DECODERS.get(topic.format)
    if decoder is None:
        known = ", ".join(DECODERS)
        return [refused("unknown_format", "topic", f"No decoder for {topic.format!r}; there are {known}.")]
    size = len(message.payload)
    if size > largest:
        detail = f"The payload has {size} bytes; the limit is {largest} bytes."
        return [refused("too_large", "payload", detail)]
    try:
        if message.received_at.tzinfo is not UTC:
            message = msgspec.structs.replace(message, received_at=message.received_at.astimezone(UTC))
        found = decoder(message, topic, zone)
    except Exception as error:
        return [decoder_failed(error, topic.format)]
    for item in found:
        if isinstance(item, Event):
            item.position = message.position
    return found
