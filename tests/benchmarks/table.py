"""The rows that the figures give, and the table they make: for a terminal and for docs/performance.md."""

from collections.abc import Iterable, Sequence

import msgspec
from rich.table import Table

HEADS = ("pair", "figure", "value", "limit", "ratio", "holds")


class Row(msgspec.Struct, frozen=True):
    """One figure. `ratio` is value / limit; `holds` is None for what is told for information only."""

    figure: str
    value: float
    unit: str
    limit: float | None = None
    limit_from: str = ""
    ratio: float | None = None
    holds: bool | None = None
    pair: str = ""


def told(figure: str, value: float, unit: str) -> Row:
    """A figure without a limit."""
    return Row(figure, value, unit)


def at_least(
    figure: str, value: float, unit: str, limit: float, *, share: float = 1.0, limit_from: str = "issue"
) -> Row:
    """Holds where the value reaches `share` of the limit."""
    ratio = value / limit if limit else 0.0
    return Row(figure, value, unit, limit, _origin(limit_from, "≥", share), ratio, ratio >= share)


def at_most(
    figure: str, value: float, unit: str, limit: float, *, share: float = 1.0, limit_from: str = "issue"
) -> Row:
    """Holds where the value stays within `share` of the limit."""
    ratio = value / limit if limit else float("inf")
    return Row(figure, value, unit, limit, _origin(limit_from, "≤", share), ratio, ratio <= share)


def _origin(limit_from: str, sign: str, share: float) -> str:
    return f"{sign} {share:g} × {limit_from}" if share != 1 else f"{sign} {limit_from}"


def cells(row: Row) -> tuple[str, ...]:
    holds = {True: "yes", False: "NO", None: ""}[row.holds]
    limit = f"{_number(row.limit)} ({row.limit_from})" if row.limit is not None else ""
    ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
    return row.pair, row.figure, f"{_number(row.value)} {row.unit}".strip(), limit, ratio, holds


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def for_terminal(rows: Iterable[Row], machine: Sequence[tuple[str, str]]) -> Table:
    table = Table(*HEADS, caption=", ".join(f"{what} {value}" for what, value in machine))
    for row in rows:
        table.add_row(*cells(row), style="bold red" if row.holds is False else None)
    return table


def for_document(rows: Iterable[Row], machine: Sequence[tuple[str, str]]) -> str:
    """Both as Markdown."""
    lines = [f"| {' | '.join(HEADS)} |", f"|{'---|' * len(HEADS)}"]
    lines += [f"| {' | '.join(cells(row))} |" for row in rows]
    lines += ["", "Measured on: " + ", ".join(f"{what} {value}" for what, value in machine) + "."]
    return "\n".join(lines)
