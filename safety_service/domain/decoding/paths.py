"""The small language in which a vendor profile says where in a JSON payload something stands.

device.id             the field `id` of the field `device`
images[0].url         an element of a list, counted from 0
objects[*].label      the same of every element of a list
$.box.name            begins at the whole payload, where an event is one element of a list in it
"a.b".c               quotes around a field name that holds a dot, a bracket, a bar or a blank
code | type           the first of several that holds something

A text that holds JSON is gone into like what it holds.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from safety_service.domain.decoding.lenient import ANY, UNREADABLE

Step = str | int | None
"""A field name, an index, or None for every element."""

LONGEST_PATH = 2000
MOST_VALUES = 200
_NAME = re.compile(r'"([^"]+)"|([^\s.\[\]|"]+)')
_INDEX = re.compile(r"\[(\*|[0-9]{1,6})\]")
_ALTERNATIVE = re.compile(r'(?:"[^"]*"|[^|"])+')


class Way(NamedTuple):
    """One way through a payload; `from_root`: not from the event's own part of it."""

    from_root: bool
    steps: tuple[Step, ...]


class Path(NamedTuple):
    """Alternatives in order, and the text that they were read from.

    `names` are those it begins with that are no more than a field name, and `others` the rest: most are, and
    are found at once.
    """

    text: str
    ways: tuple[Way, ...]
    names: tuple[str, ...] = ()
    others: tuple[Way, ...] = ()


def parse_path(text: str) -> Path:
    """Reads a path. Raises ValueError with what is wrong and where."""
    if len(text) > LONGEST_PATH:
        raise ValueError(f"a path has at most {LONGEST_PATH} characters")
    ways = []
    place = 0
    for part in _ALTERNATIVE.finditer(text):
        if part.start() != place:
            raise ValueError(f"a quote is not closed in {text!r}")
        ways.append(_way(part[0].strip(), text))
        place = part.end() + 1
    if place != len(text) + 1:
        raise ValueError(f"a quote is not closed, or an alternative is empty in {text!r}")
    names: list[str] = []
    for way in ways:
        if way.from_root or len(way.steps) != 1 or not isinstance(way.steps[0], str):
            break
        names.append(way.steps[0])
    return Path(text, tuple(ways), tuple(names), tuple(ways[len(names) :]))


def _way(part: str, text: str) -> Way:
    steps: list[Step] = []
    from_root = part == "$" or part.startswith(("$.", "$["))
    rest = part[1:] if from_root else part
    if not rest and not from_root:
        raise ValueError(f"an alternative is empty in {text!r}")
    wants_dot = from_root
    while rest:
        if match := _INDEX.match(rest):
            steps.append(None if match[1] == "*" else int(match[1]))
        else:
            if wants_dot:
                if not rest.startswith("."):
                    raise ValueError(f"a dot is missing before {rest!r} in {text!r}")
                rest = rest[1:]
            match = _NAME.match(rest)
            if match is None:
                raise ValueError(f"a field name is missing before {rest!r} in {text!r}")
            steps.append(match[1] or match[2])
        rest = rest[match.end() :]
        wants_dot = True
    return Way(from_root, tuple(steps))


def first(path: Path, part: Any, root: Any) -> Any:
    """The first value that is not empty (null, "", [] and {} are), else None."""
    if type(part) is dict:
        for name in path.names:
            value = part.get(name)
            if value or not (value is None or _empty(value)):
                return value
    for way in path.others:
        value = root if way.from_root else part
        if type(value) is dict and way.steps and way.steps[0] not in value:
            continue
        for number, step in enumerate(way.steps):
            if step is None:
                found = next(_fan_out(value, way.steps[number:]), None)
                if found is not None:
                    return found
                value = None
                break
            value = _below(value, step)
            if value is None:
                break
        if not _empty(value):
            return value
    return None


def every(path: Path, part: Any, root: Any) -> list[Any]:
    """All values of the first alternative that holds any, in the payload's order, at most MOST_VALUES."""
    if type(part) is dict:
        for name in path.names:
            if not _empty(value := part.get(name)):
                return [value]
    for way in path.others:
        value = root if way.from_root else part
        if type(value) is dict and way.steps and way.steps[0] not in value:
            continue
        found = list(islice(_fan_out(value, way.steps), MOST_VALUES))
        if found:
            return found
    return []


def all_of(path: Path, part: Any, root: Any) -> Iterator[Any]:
    """The values of every alternative, one after the other, at most MOST_VALUES."""
    return islice(_all_of(path, part, root), MOST_VALUES)


def _all_of(path: Path, part: Any, root: Any) -> Iterator[Any]:
    if type(part) is dict:
        for name in path.names:
            if not _empty(value := part.get(name)):
                yield value
    for way in path.others:
        value = root if way.from_root else part
        if type(value) is not dict or not way.steps or way.steps[0] in value:
            yield from _fan_out(value, way.steps)


def _fan_out(value: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    for number, step in enumerate(steps):
        if step is None:
            if isinstance(value, list):
                for element in value:
                    yield from _fan_out(element, steps[number + 1 :])
            return
        value = _below(value, step)
        if value is None:
            return
    if not _empty(value):
        yield value


def _below(value: Any, step: str | int) -> Any:
    if type(value) is dict:
        return value.get(step)
    if type(value) is list:
        return value[step] if type(step) is int and step < len(value) else None
    inner = opened(value)
    return None if inner is value else _below(inner, step)


def opened(value: Any) -> Any:
    """What a text holds that is JSON itself, as platforms put one message into another; else the value."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return ANY.decode(value)
    except UNREADABLE:
        return value


def _empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}
