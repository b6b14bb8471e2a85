"""All schemes at hand, by id and version; which of them was in force on a day."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from safety_service.domain.errors import NotFound, Refused
from safety_service.domain.scoring.numbers import read_date
from safety_service.domain.scoring.scheme import Scheme

SchemeBook = Mapping[str, tuple[Scheme, ...]]
"""Scheme id → its versions, the one that came into force last at the end."""


def bind_book(schemes: Iterable[Scheme], files: Mapping[tuple[str, str], str] | None = None) -> SchemeBook:
    """A book of schemes; refuses one id and version twice, and an aggregate that is not in the book.

    `files`: (id, version) → the file it is from, for the refusal to name.
    """
    book: dict[str, list[Scheme]] = {}
    for scheme in schemes:
        versions = book.setdefault(scheme.id, [])
        if any(other.version == scheme.version for other in versions):
            raise Refused(
                f"version {scheme.version} of {scheme.id} is there twice", place=_place(scheme, files)
            )
        versions.append(scheme)
    for versions in book.values():
        for scheme in versions:
            if scheme.aggregate is not None and scheme.aggregate not in book:
                raise Refused(
                    f"aggregate {scheme.aggregate} is not a scheme here", place=_place(scheme, files)
                )
    return {
        scheme_id: tuple(sorted(versions, key=lambda scheme: (scheme.effective_from, scheme.version)))
        for scheme_id, versions in sorted(book.items())
    }


def _place(scheme: Scheme, files: Mapping[tuple[str, str], str] | None) -> str:
    return (files or {}).get((scheme.id, scheme.version), scheme.id)


def on_sign(book: SchemeBook) -> list[str]:
    """The ids of the schemes whose grade is the one on a cafeteria's sign."""
    return [scheme_id for scheme_id, versions in book.items() if versions[-1].on_sign]


def pick_version(book: SchemeBook, scheme_id: str, version: str | None) -> Scheme:
    """One version of a scheme, also one that is no longer in force; the newest without a version."""
    newest = pick(book, scheme_id)
    found = next((one for one in book[scheme_id] if version in (None, one.version)), None)
    if found is None:
        known = ", ".join(one.version for one in book[scheme_id])
        raise NotFound(f'{scheme_id} has no version "{version}" (versions: {known})', slug="unknown-scheme")
    return newest if version is None else found


def pick_for(book: SchemeBook, scheme_id: str, inputs: object) -> Scheme:
    """The version in force on the day that the inputs name; the newest where they name none."""
    newest = pick(book, scheme_id)
    day = _named_day(newest, inputs)
    return newest if day is None else pick(book, scheme_id, day, place=newest.inputs.as_of or "date")


def _named_day(scheme: Scheme, inputs: object) -> date | None:
    given: Mapping[str, Any] = inputs if isinstance(inputs, Mapping) else {}
    return read_date(given.get(scheme.inputs.as_of)) if scheme.inputs.as_of is not None else None


def pick(book: SchemeBook, scheme_id: str, on: date | None = None, *, place: str = "date") -> Scheme:
    """The version in force on a day (the newest without a day); NotFound lists what there is."""
    versions = book.get(scheme_id)
    if not versions:
        raise NotFound(f'no scheme "{scheme_id}" (schemes: {", ".join(book)})', slug="unknown-scheme")
    if on is None:
        return versions[-1]
    in_force = [
        scheme
        for scheme in versions
        if scheme.effective_from <= on and (scheme.effective_to is None or on <= scheme.effective_to)
    ]
    if not in_force:
        raise Refused(f"no version of {scheme_id} was in force on {on}", place=place)
    return in_force[-1]
