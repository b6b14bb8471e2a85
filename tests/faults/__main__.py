"""The long form of the fault bench: `python -m tests.faults --events 200000 --kills 20`."""

import random
import sys
from enum import StrEnum
from typing import Annotated

import typer
from _pytest.outcomes import OutcomeException
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.faults import table
from tests.faults.faults import FAULTS
from tests.faults.ground import PAIRS, Ground, prepared
from tests.faults.plan import Plan, long
from tests.faults.run import run
from tests.faults.verdict import Verdict

FaultName = StrEnum("FaultName", list(FAULTS))  # type: ignore[misc]
PairName = StrEnum("PairName", list(PAIRS))  # type: ignore[misc]


def main(
    events: Annotated[int, typer.Option(min=1_000, help="published in each run, at least")] = 200_000,
    kills: Annotated[int, typer.Option(min=1, help="how often each harm is done")] = 20,
    fault: Annotated[list[FaultName] | None, typer.Option(help="only this one; may be repeated")] = None,
    pair: Annotated[list[PairName] | None, typer.Option(help="only this database with its broker")] = None,
    rate: Annotated[float | None, typer.Option(min=100, help="events a second; default: as it fits")] = None,
    seed: Annotated[int | None, typer.Option(help="of the moments; default: a new one")] = None,
) -> None:
    """Does harm to the service under load and counts what became of it. Ends with 1 unless all is zero."""
    chosen = seed if seed is not None else random.SystemRandom().randrange(1_000_000)
    pairs = [one.value for one in pair or PairName]
    runs = [
        (name, one)
        for one in pairs
        for name in ([one.value for one in fault] if fault else FAULTS)
        if one in FAULTS[name].pairs
    ]
    screen = Console(stderr=True)
    screen.print(f"{len(runs)} runs, seed {chosen}")
    verdicts: list[Verdict] = []
    try:
        with prepared(set(pairs)) as ground, _bars(screen) as bars:
            total = bars.add_task("all runs", total=len(runs))
            for name, one in runs:
                plan = long(FAULTS[name], events, kills, chosen, rate)
                verdicts.append(_run(ground, name, one, bars, plan))
                screen.print(table.line(verdicts[-1]), highlight=False)
                bars.advance(total)
    except OutcomeException as missing:
        screen.print(f"fault bench: {missing}")
    finally:
        Console(width=None if sys.stdout.isatty() else 160).print(table.drawn(verdicts))
    sys.exit(0 if len(verdicts) == len(runs) and all(verdict.clean for verdict in verdicts) else 1)


def _run(ground: Ground, name: str, pair: str, bars: Progress, plan: Plan) -> Verdict:
    """One run behind a bar; one that cannot even be begun is a verdict too, so that the others go on."""
    bar = bars.add_task(name, total=plan.events)
    try:
        return run(
            ground,
            name,
            pair,
            plan,
            lambda what, done, of: bars.update(bar, description=f"{name}: {what}", completed=done, total=of),
        )
    except AssertionError as error:
        return Verdict(fault=name, pair=PAIRS[pair], wrong=[f"not run: {error}"])
    finally:
        bars.remove_task(bar)


def _bars(screen: Console) -> Progress:
    columns = (TextColumn("{task.description:40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=screen)


if __name__ == "__main__":
    typer.run(main)
