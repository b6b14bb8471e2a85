"""All schemes at hand, by id and version; which of them was in force on a day."""

from collections.abc import Iterable, Mapping
from datetime import date

from safety_service.domain.errors import NotFound, Refused
from safety_service.domain.scoring.scheme import Scheme

SchemeBook = Mapping[str, tuple[Scheme, ...]]
"""Scheme id → its versions, the one that came into force last at the end."""


def bind_book(schemes: Iterable[Scheme]) -> SchemeBook:
    """A book of schemes; refuses one id and version twice, and an aggregate that is not in the book."""
    book: dict[str, list[Scheme]] = {}
    for scheme in schemes:
        versions = book.setdefault(scheme.id, [])
        if any(other.version == scheme.version for other in versions):
            raise Refused(f"version {scheme.version} of {scheme.id} is there twice", place=scheme.id)
        versions.append(scheme)
    for versions in book.values():
        for scheme in versions:
            if scheme.aggregate is not None and scheme.aggregate not in book:
                raise Refused(f"aggregate {scheme.aggregate} is not a scheme here", place=scheme.id)
    return {
        scheme_id: tuple(sorted(versions, key=lambda scheme: (scheme.effective_from, scheme.version)))
        for scheme_id, versions in sorted(book.items())
    }


def pick(book: SchemeBook, scheme_id: str, on: date | None = None) -> Scheme:
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
        raise Refused(f"no version of {scheme_id} was in force on {on}", place="date")
    return in_force[-1]
