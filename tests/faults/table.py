"""The verdicts as a table for people."""

from collections.abc import Sequence

from rich.table import Table

from tests.faults.verdict import ZEROS, Verdict

_COLUMNS = (
    "fault",
    "pair",
    "harms",
    "published",
    "stored",
    "lost",
    "doubled",
    "raised twice",
    "id repeated",
    "history gaps",
    "peak MB",
    "catch-up s",
)


def cells(verdict: Verdict) -> list[str]:
    """One text for each column."""
    numbers = (verdict.harms, verdict.published, verdict.stored)
    zeros = (getattr(verdict, name) for name in ZEROS)
    last = f"{verdict.peak_mb:.0f}", f"{verdict.catch_up_seconds:.1f}"
    return [verdict.fault, verdict.pair, *map(str, numbers), *map(str, zeros), *last]


def drawn(verdicts: Sequence[Verdict]) -> Table:
    """All runs; what must be zero and is not stands out, and so does whatever else was wrong."""
    table = Table(*_COLUMNS, title="Nothing lost, nothing twice")
    for verdict in verdicts:
        table.add_row(*cells(verdict), style=None if verdict.clean else "bold red")
    table.caption = "\n".join(f"{v.fault}, {v.pair}: {wrong}" for v in verdicts for wrong in v.wrong) or None
    table.caption_justify = "left"
    return table


def line(verdict: Verdict) -> str:
    """One run on one line, for a log."""
    told = ", ".join(f"{name} {cell}" for name, cell in zip(_COLUMNS, cells(verdict), strict=True))
    return told + "".join(f"; {wrong}" for wrong in verdict.wrong)
