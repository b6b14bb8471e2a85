"""CSV files that people have saved: read line by line with their numbers, in the encodings of Excel."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from safety_service.domain.errors import Refused

Tick = Callable[[int], None]
NumberedCells = tuple[int, list[str]]


class RefusedLine(msgspec.Struct, frozen=True):
    """`line` counts from 1, the heading included."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


def count_lines(path: Path) -> int:
    """Roughly how many lines an import will go through, for a progress bar."""
    with path.open("rb") as file:
        return max(0, sum(1 for _ in file) - 1)


def read_csv(path: Path) -> tuple[list[str], Iterator[NumberedCells]]:
    """The heads in small letters, and every line that is not blank with its number.

    Raises Refused where the file as a whole is no CSV; also later, with the line.
    """
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        heads = [head.strip().lower() for head in next(reader, [])]
    except csv.Error as error:
        raise Refused(f"{path.name}: line 1 is not CSV: {error}", place=path.name) from error
    return heads, _lines(path, reader)


def _lines(path: Path, reader: "csv._reader") -> Iterator[NumberedCells]:  # type: ignore[name-defined]
    while True:
        try:
            cells: Sequence[str] = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Refused(f"not CSV: {error}", place=f"{path.name}, line {reader.line_num}") from error
        if any(cell.strip() for cell in cells):
            yield reader.line_num, list(cells)


def _text(path: Path) -> str:
    """UTF-8, or what a Chinese Excel saves as CSV."""
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("the file is neither UTF-8 nor GB18030 text", place=path.name)
