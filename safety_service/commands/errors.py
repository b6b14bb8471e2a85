"""Errors of commands: one clear line on standard error and the contract's exit code, never a traceback."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import typer
from pydantic import ValidationError

from safety_service.domain.errors import Refused, SafetyError

DONE, FAILED, WRONG_USAGE, INPUT_REFUSED = 0, 1, 2, 3

P = ParamSpec("P")
R = TypeVar("R")


def one_line_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Wraps a command: refused input ends with 3, a bad setting with 2, everything else we know of with 1."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except Refused as error:
            for place, reason in error.problems or [("", error.reason)]:
                say(f"{place}: {reason}" if place else reason)
            raise typer.Exit(INPUT_REFUSED) from error
        except SafetyError as error:
            say(str(error))
            raise typer.Exit(FAILED) from error
        except ValidationError as error:
            for problem in error.errors():
                name = "CAMPUS_" + "_".join(str(part) for part in problem["loc"]).upper()
                say(f"{name}: {problem['msg']}")
            raise typer.Exit(WRONG_USAGE) from error
        except OSError as error:
            say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
            raise typer.Exit(FAILED) from error

    return guarded


def say(sentence: str) -> None:
    typer.echo(f"campus-safety: {sentence}", err=True)
