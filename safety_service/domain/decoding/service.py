"""What the service says to itself (grades, overdue duties, gaps), in the native form and from nobody else."""

from datetime import tzinfo

from safety_service.domain.decoding.cloudevents import decode_cloudevents
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected


def decode_service(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """Refuses every message that did not come from the service: the topic proves nothing."""
    if message.origin != "service":
        return [refused("forbidden_format", "topic", "The format service is the service's own.")]
    return decode_cloudevents(message, topic, zone, gateway=None)
