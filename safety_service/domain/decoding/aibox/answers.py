"""What a box expects to be told when it pushes: its profile's `answer`, filled from what it sent."""

from functools import lru_cache
from typing import Any

from safety_service.domain.decoding.aibox.bodies import read_body
from safety_service.domain.decoding.paths import Path, first, parse_path
from safety_service.domain.decoding.profiles import PROFILES

FROM_BODY = "$."


def answer_to(profile: str, payload: bytes) -> Any:
    """The answer of a profile, or None where its boxes expect nothing in particular.

    A text that begins with `$.` is a path into the body. It is read only then, and after the commit.
    """
    found = PROFILES.get(profile)
    if found is None or found.answer is None:
        return None
    if not _asks(found.answer):
        return found.answer
    return _filled(found.answer, read_body(payload).root)


def _asks(answer: Any) -> bool:
    values = (
        answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else (answer,)
    )
    return any(_is_path(value) or (isinstance(value, (dict, list)) and _asks(value)) for value in values)


def _filled(answer: Any, root: Any) -> Any:
    if isinstance(answer, dict):
        return {name: _filled(value, root) for name, value in answer.items()}
    if isinstance(answer, list):
        return [_filled(value, root) for value in answer]
    return first(_path(answer), root, root) if _is_path(answer) else answer


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(FROM_BODY)


@lru_cache(maxsize=64)
def _path(text: str) -> Path:
    return parse_path(text)
