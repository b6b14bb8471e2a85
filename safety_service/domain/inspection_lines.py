"""One line of a list of past inspections: its cells become the body that would have been submitted."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.form import VISIT_DATE
from safety_service.domain.scoring.numbers import exact, exact_text

NEEDED = ("cafeteria", VISIT_DATE)
PLAIN = ("id", "cafeteria", "scheme", "inspector", "note", VISIT_DATE)
ITEMS = "items"
_HEAD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_EXCEL_DAY = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})")
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
        elif text and column.name == VISIT_DATE:
            body[column.name] = day_text(text)
        elif text:
            body[column.name] = text if column.name in PLAIN else _value(text)
    for name, found in parts.items():
        if any(found.values()):
            body[name] = _together(name, found)
    return body


def day_text(text: str) -> str:
    """A day as Excel writes it (2025/3/1) as one that is read (2025-03-01); anything else as it is."""
    found = _EXCEL_DAY.fullmatch(text.strip())
    return f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}" if found else text.strip()


def _value(text: str) -> Any:
    if _LIST_SEPARATOR in text:
        return [_number(one.strip()) or None for one in text.split(_LIST_SEPARATOR)]
    return _FLAGS.get(text.lower(), day_text(_number(text)))


def _number(text: str) -> str:
    """9 and 9.0 are one number, and a list that was saved again is the list it was."""
    return exact_text(exact(text)) or text


def _together(name: str, found: Mapping[str, str]) -> Any:
    if name == ITEMS:
        return [{"code": code, "result": text.lower()} for code, text in found.items() if text]
    if all(part.isdigit() for part in found):
        return [_number(text) or None for _, text in sorted(found.items(), key=lambda one: int(one[0]))]
    return {part: _number(text) for part, text in found.items() if text}
