"""YAML text as plain values, with the line of each: a refusal has to name the place.

Scalars are read as YAML 1.2 does: `on`, `22:00` and dates are texts, only `true` and `false` are not.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import yaml

from safety_service.domain.errors import Refused

Path = tuple[str | int, ...]
LARGEST_FILE = 4_000_000
MOST_VALUES = 200_000
DEEPEST = 40
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}


class Tree(msgspec.Struct):
    """The value of a file, and the line of every path in it."""

    file: str
    value: Any
    lines: dict[Path, int]

    def place(self, path: Iterable[str | int]) -> str:
        """`file:line` of a path, or of the nearest thing around it."""
        where = tuple(path)
        while where and where not in self.lines:
            where = where[:-1]
        return f"{self.file}:{self.lines.get(where, 1)}"

    def refused(self, reason: str, problems: Sequence[tuple[Sequence[str | int], str]]) -> Refused:
        """The error for these (path, reason), in the order of the file."""
        placed = [(self.place(path), text) for path, text in problems]
        placed.sort(key=lambda one: int(one[0].rpartition(":")[2]))
        return Refused(reason, place=placed[0][0], problems=placed)


def read_tree(text: str, file: str) -> Tree:
    """Reads one YAML document. Raises Refused with file and line."""
    if len(text) > LARGEST_FILE:
        raise Refused(f"is larger than {LARGEST_FILE} characters", place=f"{file}:1")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1 if mark is not None else 1}"
        raise Refused(f"is not YAML: {error.problem}", place=place) from None
    except (yaml.YAMLError, ValueError) as error:
        raise Refused(f"is not YAML: {str(error).splitlines()[0]}", place=f"{file}:1") from None
    except RecursionError:
        raise Refused("is nested too deeply", place=f"{file}:1") from None
    if node is None:
        raise Refused("is empty", place=f"{file}:1")
    reader = _Reader(file)
    value = reader.read(node, ())
    if reader.problems:
        raise Refused("cannot be read", place=reader.problems[0][0], problems=reader.problems)
    return Tree(file, value, reader.lines)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}
        self.problems: list[tuple[str, str]] = []

    def read(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        # An alias may repeat a part very often, or contain itself.
        if len(self.lines) > MOST_VALUES or len(path) > DEEPEST:
            raise Refused("is nested too deeply or holds too much", place=f"{self.file}:{line}")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*path, position)) for position, child in enumerate(node.value)]
        return _scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append((f"{self.file}:{line}", "a field name must be a text"))
                continue
            name = str(key_node.value)
            if name in found:
                self.problems.append((f"{self.file}:{line}", f"{name!r} is given twice"))
                continue
            self.lines[(*path, name)] = line
            found[name] = self.read(value_node, (*path, name))
        return found


def _scalar(node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if node.style is not None:
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
