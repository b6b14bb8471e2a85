"""From a device's bytes to events in the project's vocabulary: `decode` is the only door."""

from safety_service.domain.decoding.recall import Recall
from safety_service.domain.decoding.table import DECODERS, LARGEST_PAYLOAD, Decoder, decode
from safety_service.domain.decoding.topic import Topic, parse_topic

__all__ = ["DECODERS", "LARGEST_PAYLOAD", "Decoder", "Recall", "Topic", "decode", "parse_topic"]
