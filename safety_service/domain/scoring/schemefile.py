"""Reads a scheme file: its text becomes a Scheme, or a refusal that names file, line, place and reason."""

from typing import Any

import yaml
from pydantic import ValidationError

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.consistency import faults
from safety_service.domain.scoring.scheme import Scheme

_OWN_WORDS = {
    "extra_forbidden": "is not a field of a scheme",
    "missing": "is missing",
    "union_tag_not_found": "is missing",
}


def load_scheme(text: str, filename: str) -> Scheme:
    """The scheme in a YAML text.

    Raises Refused whose `problems` are (`FILE:LINE PLACE`, reason), all that were found at once. Scalars are
    read as text and then by the model, so that `7.5` is a decimal and never a binary fraction.
    """
    try:
        if "*" in text:
            _refuse_aliases(text, filename)
        loader = yaml.BaseLoader(text)  # builds nothing but text
        node = loader.get_single_node()
        content = loader.construct_document(node) if node is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{filename}:{mark.line + 1}" if mark else filename
        raise Refused(f"is not YAML: {getattr(error, 'problem', error)}", place=place) from None
    if not isinstance(content, dict):
        raise Refused("is not a mapping of scheme fields", place=filename)
    problems = _twice(node, filename)
    try:
        scheme = Scheme.model_validate(content)
    except ValidationError as error:
        for fault in error.errors():
            reason = _OWN_WORDS.get(fault["type"], fault["msg"].removeprefix("Value error, "))
            problems.append((_place(filename, node, fault["loc"]), reason))
    else:
        problems += [(_place(filename, node, path), reason) for path, reason in faults(scheme)]
        if not problems:
            return scheme
    place, reason = problems[0]
    raise Refused(reason, place=place, problems=problems)


def _refuse_aliases(text: str, filename: str) -> None:
    for token in yaml.scan(text, Loader=yaml.BaseLoader):
        if isinstance(token, yaml.AliasToken):
            line = token.start_mark.line + 1
            raise Refused("aliases are not read in scheme files", place=f"{filename}:{line}")


def _place(filename: str, node: Any, path: tuple[str | int, ...]) -> str:
    """`FILE:LINE PLACE`, leaving out the steps that a tagged union adds to pydantic's path."""
    line, place = node.start_mark.line + 1, ""
    for index, step in enumerate(path):
        child = _child(node, step)
        if child is None and (index < len(path) - 1 or _is_tag(node, step)):
            continue
        place += f"[{step}]" if isinstance(step, int) else f".{step}"
        if child is not None:
            line, node = child
    return f"{filename}:{line} {place.lstrip('.')}".rstrip()


def _is_tag(node: Any, step: str | int) -> bool:
    """Whether the step only names the kind of a part, which the file gives as a value and not as a place."""
    tags = [_child(node, name) for name in ("type", "op")]
    return any(tag is not None and getattr(tag[1], "value", None) == step for tag in tags)


def _child(node: Any, step: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None


def _twice(node: Any, filename: str) -> list[tuple[str, str]]:
    """Keys given twice in one mapping, of which YAML would silently keep the last."""
    problems: list[tuple[str, str]] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                problems.append((f"{filename}:{key.start_mark.line + 1} {key.value}", "is given twice"))
            seen.add(key.value)
            problems += _twice(value, filename)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            problems += _twice(value, filename)
    return problems
