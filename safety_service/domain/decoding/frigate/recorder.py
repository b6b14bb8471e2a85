"""Which recorder a Frigate message came from, and what its cameras are called."""

from typing import NamedTuple

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Rejected

FRIGATE = "frigate"


class Recorder(NamedTuple):
    """`name` is the recorder as a device; `prefix` goes before the names of its cameras."""

    topic: Topic
    name: str
    prefix: str

    def camera(self, raw: str, place: str) -> str | Rejected:
        """The device name of a camera of this recorder, or why it has none."""
        name = clean_name(raw)
        if not name:
            return refused("bad_value", place, "The camera has no name.")
        if len(self.prefix) + len(name) > LONGEST_NAME:
            return refused("bad_value", place, f"A camera's name has at most {LONGEST_NAME} characters.")
        return f"{self.prefix}{name}"


def recorder_of(topic: Topic, prefix: tuple[str, ...]) -> Recorder:
    """The recorder of a school; one with a topic prefix of its own is told apart by it."""
    name = clean_name("/".join(prefix)[:LONGEST_NAME])
    return Recorder(topic, name or FRIGATE, f"{name}:" if name else "")
