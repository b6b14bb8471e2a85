"""`campus-safety rules`: checks rule files, runs rule tests on a virtual clock, replays stored events."""

from importlib import resources
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from safety_service.commands.backtest import backtest
from safety_service.domain.errors import Refused
from safety_service.domain.rules.loading import load_rules
from safety_service.domain.rules.yamltree import read_tree
from safety_service.domain.timeline import run
from safety_service.domain.timeline_comparing import differences
from safety_service.domain.timeline_model import Timeline
from safety_service.domain.timeline_reading import read_timeline, rules_file_of

FAILED = 1
WRONG_USAGE = 2
INPUT_REFUSED = 3
BUILT_IN = "default.yaml"

app = typer.Typer(name="rules", help="Check, test and backtest alert rules.", no_args_is_help=True)


@app.callback()
def _rules() -> None:
    """Check, test and backtest alert rules."""


app.command("backtest")(backtest)


@app.command("check")
def check_command(
    files: Annotated[list[Path] | None, typer.Argument(help="Rule files; none: the built-in rules")] = None,
) -> None:
    """Check rule files. Exits with 3 when one is refused, with file, line and reason of each problem."""
    built_in = (resources.files("safety_service") / "data" / "rules" / BUILT_IN).read_text(encoding="utf-8")
    texts = [(str(file), _read(file)) for file in files] if files else [(BUILT_IN, built_in)]
    refused = False
    for name, text in texts:
        try:
            rules = load_rules(text, name)
        except Refused as error:
            refused = True
            _tell(error)
            continue
        for place, reason in rules.warnings:
            typer.echo(f"{place}: warning: {reason}", err=True)
        typer.echo(f"{name}: {len(rules.rules)} rules, {len(rules.warnings)} warnings")
    if refused:
        raise typer.Exit(INPUT_REFUSED)


@app.command("test")
def test_command(files: Annotated[list[Path], typer.Argument(help="Rule tests")]) -> None:
    """Run rule tests. Exits with 1 when a transition is missing or not expected, with 3 for a broken file."""
    texts = [(file, _read(file)) for file in files]
    codes = [_test(file, text) for file, text in texts]
    if any(codes):
        raise typer.Exit(max(codes))


def _test(file: Path, text: str) -> int:
    try:
        timeline = _timeline(file, text)
    except Refused as error:
        _tell(error)
        return INPUT_REFUSED
    outcome = run(timeline)
    found = differences(timeline, outcome)
    if found:
        typer.echo(f"{file}: FAILED, {len(found)} differences")
        for line in found:
            typer.echo(f"  {line}")
        return FAILED
    typer.echo(f"{file}: ok, {len(outcome.happened)} transitions")
    return 0


def _timeline(file: Path, text: str) -> Timeline:
    tree = read_tree(text, str(file))
    named = rules_file_of(tree)
    return read_timeline(tree, None if named is None else _read(file.parent / named))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        _stop(f"{file}: {error.strerror}", WRONG_USAGE)
    except UnicodeDecodeError as error:
        _stop(f"{file}: is not UTF-8 text at byte {error.start}", INPUT_REFUSED)


def _tell(error: Refused) -> None:
    for place, reason in error.problems or [("", error.reason)]:
        typer.echo(f"{place}: {reason}", err=True)


def _stop(line: str, code: int) -> NoReturn:
    typer.echo(line, err=True)
    raise typer.Exit(code)
