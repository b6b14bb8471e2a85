"""The gateway's numbers in a message that could not be read: its bytes are committed, so they count."""

from typing import Any

import msgspec

from safety_service.domain.decoding.cleaning import clean_name
from safety_service.domain.decoding.cloudevents import read_sequence
from safety_service.domain.decoding.refusal import BYTE_ORDER_MARK
from safety_service.domain.decoding.topic import parse_topic
from safety_service.domain.receipts import Numbered
from safety_service.domain.types import Message, Rejected


def sequences_in(message: Message) -> list[Numbered]:
    """Every number that can still be made out; none where the payload is not JSON at all."""
    topic = parse_topic(message.topic)
    if isinstance(topic, Rejected) or topic.format != "native" or not topic.rest:
        return []
    try:
        document = msgspec.json.decode(message.payload.removeprefix(BYTE_ORDER_MARK))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    elements: list[Any] = document if isinstance(document, list) else [document]
    gateway = clean_name(topic.rest[0])
    found = []
    for element in elements:
        number = read_sequence(element.get("sequence")) if isinstance(element, dict) else None
        if number is not None:
            found.append(Numbered(topic.school, gateway, number, message.received_at, message.retained))
    return found
