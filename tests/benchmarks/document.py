"""docs/performance.md: the measured part is written anew, what people wrote around it stays."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import machine, table

BEGIN = "<!-- measured: begin -->"
END = "<!-- measured: end -->"


def write(path: Path, rows: Sequence[table.Row], command: str) -> None:
    """Replaces what stands between the two marks. Raises ValueError where they are missing."""
    text = path.read_text(encoding="utf-8")
    head, found, rest = text.partition(BEGIN)
    _, found_end, tail = rest.partition(END)
    if not (found and found_end):
        raise ValueError(f"{path} has no marks {BEGIN} and {END}")
    day = datetime.now(UTC).date().isoformat()
    measured = table.for_document(rows, machine.describe())
    body = f"{BEGIN}\n\nMade on {day} by `{command}`.\n\n{measured}\n\n{END}"
    path.write_text(head + body + tail, encoding="utf-8")
