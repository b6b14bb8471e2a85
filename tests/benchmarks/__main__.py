"""`python -m tests.benchmarks`: measures, prints the table, and with `--write` keeps it in the document."""

import argparse
import shlex
import sys
from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from tests.benchmarks import document, machine, table
from tests.benchmarks.figures import FIGURES
from tests.benchmarks.pairs import PAIRS
from tests.benchmarks.scene import open_bench
from tests.benchmarks.sizes import FULL, SHORT, Sizes

Wanted = argparse.Namespace


def main(arguments: list[str]) -> int:
    """0 when every limit holds, 1 when one does not."""
    wanted = _parse(arguments)
    pairs = [wanted.pair] if wanted.pair else list(PAIRS)
    rows = _measure(pairs, wanted.only or list(FIGURES), _sizes(wanted), wanted.profile)
    Console(width=160).print(table.for_terminal(rows, machine.describe()))
    if wanted.write:
        document.write(wanted.write, rows, f"python -m tests.benchmarks {shlex.join(arguments)}")
    # The short form is too short to hold anything: it tells whether the benchmarks run.
    return int(not wanted.short and any(row.holds is False for row in rows))


def _parse(arguments: list[str]) -> Wanted:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--pair", choices=list(PAIRS), help="default: both, each with Mosquitto")
    parser.add_argument("--only", nargs="+", choices=list(FIGURES), metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--short", action="store_true", help="the form of CI: does it run, not how fast")
    parser.add_argument(
        "--messages", type=int, metavar="N", help="of receive, catch_up, disk, advance, backtest"
    )
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="for `memory`; default 60")
    parser.add_argument("--stored", type=int, metavar="EVENTS", help="for `grown`; default 20,000,000")
    parser.add_argument("--seconds", type=float, help="of the runs at a fixed rate; default 300, latency 600")
    parser.add_argument("--profile", type=Path, metavar="FILE", help="`advance` writes what cProfile saw")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into this document")
    return parser.parse_args(arguments)


def _sizes(wanted: Wanted) -> Sizes:
    sizes = SHORT if wanted.short else FULL
    if wanted.messages is not None:
        names = (
            "receive_messages",
            "catch_up_messages",
            "disk_messages",
            "advance_messages",
            "backtest_events",
        )
        sizes = msgspec.structs.replace(sizes, **dict.fromkeys(names, wanted.messages))
    if wanted.soak is not None:
        sizes = msgspec.structs.replace(sizes, soak_minutes=wanted.soak)
    if wanted.stored is not None:
        sizes = msgspec.structs.replace(sizes, stored_events=wanted.stored)
    if wanted.seconds is not None:
        sizes = msgspec.structs.replace(sizes, process_seconds=wanted.seconds, latency_seconds=wanted.seconds)
    return sizes


def _measure(pairs: list[str], names: list[str], sizes: Sizes, profile: Path | None) -> list[table.Row]:
    rows: list[table.Row] = []
    screen = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=screen) as progress:
        bar = progress.add_task("benchmarks", total=len(pairs) * len(names))
        for pair in pairs:
            with open_bench(pair, sizes, lambda text: None) as bench:
                for name in names:
                    where = f"{pair} {name}"
                    told = msgspec.structs.replace(
                        bench,
                        profile=profile,
                        say=lambda text, where=where: progress.update(bar, description=f"{where}: {text}"),
                    )
                    rows += [msgspec.structs.replace(row, pair=pair) for row in FIGURES[name](told)]
                    progress.advance(bar)
                    progress.console.print(table.for_terminal(rows[-12:], []))
    return rows


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except pytest.skip.Exception as absent:
        code = f"cannot measure: {absent}"  # type: ignore[assignment]
    sys.exit(code)
