"""`campus-safety score`: inputs as JSON in, the result with its reckoning as JSON out."""

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from safety_service.commands.errors import INPUT_REFUSED, WRONG_USAGE, one_line_errors
from safety_service.domain.errors import Refused
from safety_service.domain.scoring.book import pick_for
from safety_service.domain.scoring.form import score_form
from safety_service.services.schemes import load_schemes, read_scheme
from safety_service.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the command `score` to the program."""
    app.command("score")(score_command)


@one_line_errors
def score_command(
    scheme: Annotated[str | None, typer.Argument(help="Scheme id, such as cn.dynamic_2012")] = None,
    file: Annotated[str, typer.Argument(help="JSON file with the inputs; - is standard input")] = "-",
    show_list: Annotated[bool, typer.Option("--list", help="List the schemes")] = False,
    check: Annotated[
        list[Path] | None, typer.Option(help="Check a scheme file of your own; may be given several times")
    ] = None,
    schemes_dir: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Directory with schemes of your own, not the one of the settings",
        ),
    ] = None,
) -> None:
    """Score one set of inputs under a scheme, with every step of the reckoning."""
    if check:
        _check(check)
        return
    book = load_schemes(schemes_dir or Settings().own_schemes)
    if show_list:
        for one in (one for versions in book.values() for one in versions):
            typer.echo(f"{one.id}\t{one.version}\t{one.title.zh}\t{one.title.en}\t{one.source_ref}")
        return
    if scheme is None:
        _stop(WRONG_USAGE, [f"Name a scheme: {', '.join(book)} (or --list)"])
    if scheme not in book:
        _stop(WRONG_USAGE, [f'no scheme "{scheme}" (schemes: {", ".join(book)})'])
    try:
        inputs = _read(file)
        result = score_form(pick_for(book, scheme, inputs), inputs)
    except Refused as error:
        _refuse(error)
    typer.echo(json.dumps(result.as_json(), ensure_ascii=False, indent=1))


def _check(files: list[Path]) -> None:
    problems: list[str] = []
    for file in files:
        try:
            scheme = read_scheme(file)
        except Refused as error:
            problems += [f"{place}: {reason}" for place, reason in error.problems]
        else:
            typer.echo(f"{file.name}: {scheme.id} version {scheme.version}, {scheme.title.zh}")
    if problems:
        _stop(INPUT_REFUSED, problems)


def _read(file: str) -> Any:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        _stop(WRONG_USAGE, [f"{file}: {error.strerror}"])
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_keys_once)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise Refused(f"is not JSON: {reason}", place="inputs") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are each given once; of two, nobody could say which was meant."""
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused("is given twice", place=twice)
    return content


def _refuse(error: Refused) -> NoReturn:
    lines = [f"{place}: {reason}" for place, reason in error.problems] or [error.reason]
    _stop(INPUT_REFUSED, lines)


def _stop(code: int, lines: list[str]) -> NoReturn:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(code)
