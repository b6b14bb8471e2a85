"""Loads the scheme files: those that ship with the service and a bureau's own beside them."""

from functools import lru_cache
from pathlib import Path

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.book import SchemeBook, bind_book
from safety_service.domain.scoring.scheme import Scheme
from safety_service.domain.scoring.schemefile import load_scheme

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "schemes"


def load_schemes(own_directory: Path | None = None) -> SchemeBook:
    """Every `*.yaml` of the shipped schemes and of `own_directory`.

    Raises Refused with each problem of each file that does not load: a county must not grade on half a book.
    """
    directories = [SHIPPED] + ([own_directory] if own_directory is not None else [])
    schemes, problems, files = [], [], {}
    for path in (path for directory in directories for path in _files(directory)):
        try:
            scheme = read_scheme(path)
        except Refused as error:
            problems += error.problems
        else:
            schemes.append(scheme)
            files[scheme.id, scheme.version] = path.name
    if problems:
        place, reason = problems[0]
        raise Refused(reason, place=place, problems=problems)
    return bind_book(schemes, files)


def read_scheme(path: Path) -> Scheme:
    """The scheme of one file; raises Refused with file, line, place and reason of all that is wrong."""
    try:
        return load_scheme(path.read_text(encoding="utf-8"), path.name)
    except UnicodeDecodeError:
        raise Refused("is not UTF-8 text", place=path.name) from None
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}", place=path.name) from None


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise Refused("is not a directory", place=str(directory))
    return sorted((*directory.glob("*.yaml"), *directory.glob("*.yml")))


@lru_cache(maxsize=8)
def known_schemes(own_directory: Path | None = None) -> SchemeBook:
    """`load_schemes`, read once for each directory: a changed file counts from the next start."""
    return load_schemes(own_directory)
