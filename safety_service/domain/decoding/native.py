"""The project's own format: CloudEvents under `native/{gateway}/…`, and the gateway's status word."""

from datetime import tzinfo

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name
from safety_service.domain.decoding.cloudevents import decode_cloudevents
from safety_service.domain.decoding.liveness import liveness
from safety_service.domain.decoding.plain import read_plain
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected


def decode_native(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """Events of one gateway, which is the first segment after the format and the device of its own status."""
    gateway = clean_name(topic.rest[0]) if topic.rest else ""
    if not gateway or len(gateway) > LONGEST_NAME:
        detail = (
            f"A native topic names a gateway of at most {LONGEST_NAME} characters: …/native/GATEWAY/events."
        )
        return [refused("bad_topic", "topic", detail)]
    if topic.rest[1:] == ("status",):
        return liveness(message, topic, device=gateway, gateway=gateway)
    plain = read_plain(message, zone, school=topic.school, format=topic.format, gateway=gateway)
    if plain is not None:
        return [plain]
    return decode_cloudevents(message, topic, zone, gateway=gateway)
