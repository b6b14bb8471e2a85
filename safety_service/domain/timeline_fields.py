"""Small readers that every part of a rule-test file needs; what is wrong is added to the problems."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from safety_service.domain.rules.durations import parse_duration
from safety_service.domain.rules.matching import did_you_mean
from safety_service.domain.rules.yamltree import Path

Problems = list[tuple[Path, str]]


def read_offset(value: Any, path: Path, problems: Problems) -> timedelta:
    """`10m` after the start, `-10m` before it."""
    text = "0s" if value == 0 and not isinstance(value, bool) else value
    try:
        if isinstance(text, str) and text.startswith("-"):
            return -parse_duration(text[1:])
        return parse_duration(text)
    except ValueError as error:
        problems.append((path, str(error)))
        return timedelta(0)


def read_items(value: Any, path: Path, problems: Problems) -> list[tuple[Path, dict[str, Any]]]:
    if value is None:
        return []
    if not isinstance(value, list):
        problems.append((path, f"{path[0]} is a list"))
        return []
    found: list[tuple[Path, dict[str, Any]]] = []
    for position, item in enumerate(value):
        if isinstance(item, dict):
            found.append(((*path, position), item))
        else:
            problems.append(((*path, position), "is a set of fields"))
    return found


def refuse_unknown(item: Mapping[str, Any], known: Collection[str], path: Path, problems: Problems) -> None:
    for name in item:
        if name not in known:
            problems.append(((*path, name), f"unknown field {name!r}{did_you_mean(name, sorted(known))}"))
