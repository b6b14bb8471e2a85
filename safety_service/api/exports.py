"""The rows of a list as CSV or XLSX: one column for each field, nested fields joined with a dot."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import IO, Any

import msgspec
import xlsxwriter
from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = (CSV, XLSX)

_IN_MEMORY_BYTES = 8 << 20
_BLOCK_BYTES = 1 << 16
# A spreadsheet runs a cell that begins like this, also in the full-width forms of a Chinese keyboard.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_LONGEST_CELL = 32_767


def wanted_type(accept: str) -> str | None:
    """CSV or XLSX where the Accept header prefers it to JSON, else None."""
    best, best_weight = None, 0.0
    for part in accept.split(","):
        media_type, _, parameters = part.partition(";")
        media_type = media_type.strip().lower()
        weight = _weight(parameters)
        if media_type in {*MEDIA_TYPES, "application/json"} and weight > best_weight:
            best, best_weight = media_type, weight
    return best if best in MEDIA_TYPES else None


def export(form: str, name: str, item: type[BaseModel], items: Iterable[BaseModel]) -> Response:
    """A download named `name`; written to a temporary file, so that its size never fills the memory."""
    columns = list(_columns(item))
    target = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed after the answer
    rows = (_cells(one.model_dump(mode="json"), columns) for one in items)
    heads = [".".join(column) for column in columns]
    if form == CSV:
        _write_csv(target, heads, rows)
    else:
        _write_xlsx(target, heads, rows)
    target.seek(0)
    suffix = "csv" if form == CSV else "xlsx"
    return StreamingResponse(
        iter(lambda: target.read(_BLOCK_BYTES), b""),
        media_type=form,
        headers={"Content-Disposition": f'attachment; filename="{name}.{suffix}"', "Vary": "Accept"},
        background=BackgroundTask(target.close),
    )


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _columns(item: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in item.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _columns(kind, (*above, name))
        else:
            yield (*above, name)


def _cells(row: dict[str, Any], columns: list[tuple[str, ...]]) -> list[Any]:
    cells = []
    for column in columns:
        value: Any = row
        for name in column:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = "; ".join(value)
        elif isinstance(value, dict | list):
            value = msgspec.json.encode(value).decode()
        cells.append(value)
    return cells


def _write_csv(target: IO[bytes], heads: list[str], rows: Iterable[list[Any]]) -> None:
    # The mark at the start is what makes Excel read the file as UTF-8.
    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(heads)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    text.detach()


def _harmless(cell: Any) -> Any:
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return f"'{cell}"
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell


def _write_xlsx(target: IO[bytes], heads: list[str], rows: Iterable[list[Any]]) -> None:
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - the format knows no zones
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for number, cells in enumerate(chain([heads], rows)):
            for column, cell in enumerate(cells):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell[:_LONGEST_CELL])
                elif cell is not None:
                    sheet.write(number, column, cell)
