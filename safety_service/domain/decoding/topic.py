"""Reads `campus/v1/{school}/{format}/{rest...}`; whatever else it is given becomes a refusal."""

from functools import lru_cache
from typing import NamedTuple

from safety_service.domain.types import Rejected

PREFIX = ("campus", "v1")
LONGEST_CODE = 64


class Topic(NamedTuple):
    """Where a message came from. `school` is the only identity to trust: the broker's ACL holds it."""

    school: str
    format: str
    rest: tuple[str, ...]


@lru_cache(maxsize=8192)
def parse_topic(topic: str) -> Topic | Rejected:
    """The three parts of a topic, or `bad_topic`. Empty segments after the format are left out."""
    segments = topic.split("/")
    if tuple(segments[:2]) != PREFIX:
        return _refused("The topic does not begin with campus/v1/.")
    if len(segments) < 4 or not segments[2] or not segments[3]:
        return _refused("The topic needs a school and a format: campus/v1/SCHOOL/FORMAT/….")
    if not topic.isprintable() or "+" in topic or "#" in topic:
        return _refused("The topic holds a wildcard or an invisible character.")
    school, format = segments[2:4]
    if len(school) > LONGEST_CODE or len(format) > LONGEST_CODE:
        return _refused(f"School and format are at most {LONGEST_CODE} characters long.")
    return Topic(school, format, tuple(segment for segment in segments[4:] if segment))


def _refused(detail: str) -> Rejected:
    return Rejected(reason="bad_topic", place="topic", detail=detail)
