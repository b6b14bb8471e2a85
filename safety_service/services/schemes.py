"""Loads the scheme files: those that ship with the service and a bureau's own beside them."""

from functools import lru_cache
from pathlib import Path

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.book import SchemeBook, bind_book
from safety_service.domain.scoring.schemefile import load_scheme

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "schemes"


def load_schemes(own_directory: Path | None = None) -> SchemeBook:
    """Every `*.yaml` of the shipped schemes and of `own_directory`.

    Raises Refused with each problem of each file that does not load: a county must not grade on half a book.
    """
    directories = [SHIPPED] + ([own_directory] if own_directory is not None else [])
    schemes, problems = [], []
    for directory in directories:
        for path in sorted(directory.glob("*.yaml")):
            try:
                schemes.append(load_scheme(path.read_text(encoding="utf-8"), path.name))
            except UnicodeDecodeError:
                problems.append((path.name, "is not UTF-8 text"))
            except Refused as error:
                problems += error.problems
    if problems:
        place, reason = problems[0]
        raise Refused(reason, place=place, problems=problems)
    return bind_book(schemes)


@lru_cache(maxsize=8)
def known_schemes(own_directory: Path | None = None) -> SchemeBook:
    """`load_schemes`, read once for each directory: a changed file counts from the next start."""
    return load_schemes(own_directory)
