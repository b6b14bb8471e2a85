"""Frigate NVR: which of its topics carry news, and which decoder reads each.

Topics are read from their end, so that a school with two recorders can give each a prefix of its own
(`frigate/nvr2/reviews`); the cameras of such a recorder carry its name: `nvr2:front_door`.
"""

from collections.abc import Callable
from datetime import tzinfo

from safety_service.domain.decoding.frigate.objects import decode_object, decode_object_update
from safety_service.domain.decoding.frigate.recorder import Recorder, recorder_of
from safety_service.domain.decoding.frigate.reviews import decode_review
from safety_service.domain.decoding.frigate.words import decode_available, decode_camera_word
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected

TopicDecoder = Callable[[Message, Recorder, tzinfo], list[Event | Rejected]]

WHOLE_RECORDER: dict[str, TopicDecoder] = {
    "reviews": decode_review,
    "events": decode_object,
    "tracked_object_update": decode_object_update,
    "available": decode_available,
}


def decode_frigate(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """Events of one recorder. Counts, statistics, switches and pictures carry no news: an empty list."""
    if not topic.rest:
        return []
    reader = WHOLE_RECORDER.get(topic.rest[-1])
    if reader is None:
        return decode_camera_word(message, topic)
    return reader(message, recorder_of(topic, topic.rest[:-1]), zone)
