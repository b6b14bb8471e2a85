"""The service's own receipts come back on its subscription and say nothing new."""

from datetime import tzinfo

from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected


def decode_receipts(_message: Message, _topic: Topic, _zone: tzinfo) -> list[Event | Rejected]:
    return []
