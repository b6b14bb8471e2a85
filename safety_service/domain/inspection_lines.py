"""One line of a list of past inspections: its cells become the body that would have been submitted."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.form import VISIT_DATE

NEEDED = ("cafeteria", VISIT_DATE)
PLAIN = ("id", "cafeteria", "scheme", "inspector", "note", VISIT_DATE)
ITEMS = "items"
_HEAD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LIST_SEPARATOR = ";"
_FLAGS = {"true": True, "false": False}


class Column(msgspec.Struct, frozen=True):
    """`name` of the body, and for one value of several its `part`: a section's number, a count, an item."""

    name: str
    part: str | None = None

    @property
    def numbered(self) -> bool:
        return self.part is not None and self.part.isdigit()


def read_heads(heads: Sequence[str]) -> list[Column]:
    """The columns: `cafeteria`, `date`, … and the inputs of a scheme by their names.

    `sections.3` is the third of a list, `general.passed` a part of an object, `items.2.1` the answer to the
    item 2.1. Raises Refused with every head that cannot be one.
    """
    problems = [(head, "the column is not known") for head in heads if not _is_head(head)]
    problems += [(name, "the column is missing") for name in NEEDED if name not in heads]
    problems += [
        (head, "the column stands there twice") for head in sorted(set(heads)) if heads.count(head) > 1
    ]
    if problems:
        raise Refused(f"{problems[0][0]!r}: {problems[0][1]}", place=problems[0][0], problems=problems)
    columns = [_column(head) for head in heads]
    for name in sorted({column.name for column in columns if column.numbered and column.name != ITEMS}):
        numbers = sorted(int(one.part or 0) for one in columns if one.name == name and one.numbered)
        if numbers != list(range(1, len(numbers) + 1)):
            raise Refused(f"{name}.1 to {name}.{numbers[-1]} must all be there", place=name)
    return columns


def _is_head(head: str) -> bool:
    name, _, part = head.partition(".")
    return _HEAD.fullmatch(name) is not None and (bool(part) or "." not in head) and len(head) <= 60


def _column(head: str) -> Column:
    name, _, part = head.partition(".")
    return Column(name, part or None)


def body_of(columns: Sequence[Column], cells: Sequence[str]) -> dict[str, Any]:
    """The body of one line. An empty cell says nothing; an empty section of a list was reasonably absent.

    Raises Refused for a line with more cells than there are columns.
    """
    if len(cells) > len(columns):
        raise Refused(f"has {len(cells)} cells for {len(columns)} columns", place="cells")
    body: dict[str, Any] = {}
    parts: dict[str, dict[str, str]] = {}
    for column, cell in zip(columns, cells, strict=False):
        text = cell.strip()
        if column.part is not None:
            parts.setdefault(column.name, {})[column.part] = text
        elif text:
            body[column.name] = text if column.name in PLAIN else _value(text)
    for name, found in parts.items():
        if any(found.values()):
            body[name] = _together(name, found)
    return body


def _value(text: str) -> Any:
    if _LIST_SEPARATOR in text:
        return [one.strip() or None for one in text.split(_LIST_SEPARATOR)]
    return _FLAGS.get(text.lower(), text)


def _together(name: str, found: Mapping[str, str]) -> Any:
    if name == ITEMS:
        return [{"code": code, "result": text.lower()} for code, text in found.items() if text]
    if all(part.isdigit() for part in found):
        return [text or None for _, text in sorted(found.items(), key=lambda one: int(one[0]))]
    return {part: text for part, text in found.items() if text}
