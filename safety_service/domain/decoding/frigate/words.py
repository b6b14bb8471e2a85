"""Frigate's topics with one word as payload: recorder and camera online or not, motion on or off."""

from datetime import tzinfo

from safety_service.domain.decoding.frigate.recorder import Recorder, recorder_of
from safety_service.domain.decoding.liveness import liveness, read_word, word_event
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Phase, Rejected

# The role `detect` speaks for the camera. A stopped recording is a gap in the record and no camera lost, and
# would otherwise end the outage that `detect` opened; `audio` says nothing an operator acts on.
ROLE_KINDS = {"detect": "device_offline", "record": "recording_gap"}
MOTION: dict[str, Phase] = {"on": "start", "off": "end"}


def decode_available(message: Message, recorder: Recorder, _zone: tzinfo) -> list[Event | Rejected]:
    """`online`, `stopped` or `offline` (the last will) of the recorder itself."""
    return liveness(message, recorder.topic, device=recorder.name, gateway=recorder.name)


def decode_camera_word(message: Message, topic: Topic) -> list[Event | Rejected]:
    """`{camera}/status/{role}` and `{camera}/motion`; every other topic of a camera is no news."""
    if len(topic.rest) >= 3 and topic.rest[-2] == "status":
        return _status(message, topic)
    if len(topic.rest) >= 2 and topic.rest[-1] == "motion":
        return _motion(message, topic)
    return []


def _status(message: Message, topic: Topic) -> list[Event | Rejected]:
    kind = ROLE_KINDS.get(topic.rest[-1])
    if kind is None:
        return []
    recorder = recorder_of(topic, topic.rest[:-3])
    camera = recorder.camera(topic.rest[-3], "topic")
    if isinstance(camera, Rejected):
        return [camera]
    return liveness(message, topic, device=camera, gateway=recorder.name, kind=kind)


def _motion(message: Message, topic: Topic) -> list[Event | Rejected]:
    recorder = recorder_of(topic, topic.rest[:-2])
    camera = recorder.camera(topic.rest[-2], "topic")
    if isinstance(camera, Rejected):
        return [camera]
    word = read_word(message.payload)
    if word not in MOTION:
        return [refused("bad_value", "payload", f"Motion is ON or OFF, not {word!r}.")]
    return [word_event(message, topic, camera, recorder.name, "motion", MOTION[word], word)]
