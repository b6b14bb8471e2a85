"""Vendors' own codes as event kinds: tables from data files that the service installs at its start."""

from collections.abc import Mapping
from typing import NamedTuple


class Mapped(NamedTuple):
    """What a code means; `severity` is a default, for what tells none itself."""

    kind: str
    severity: str | None = None


UNKNOWN = Mapped("other")


class Profile:
    """One vendor's table. Devices of one vendor write the same code in different cases."""

    def __init__(self, codes: Mapping[str, Mapped]) -> None:
        self._codes = {code.casefold(): mapped for code, mapped in codes.items()}

    def look_up(self, code: str) -> Mapped:
        """The meaning of a code, or `other`: that nobody mapped it is no reason to refuse anything."""
        return self._codes.get(code.casefold(), UNKNOWN)


PROFILES: dict[str, Profile] = {}
_EMPTY = Profile({})


def profile(name: str) -> Profile:
    """The table of that name; an empty one where none is installed."""
    return PROFILES.get(name, _EMPTY)


def install(profiles: Mapping[str, Profile]) -> None:
    """Replaces the tables."""
    PROFILES.clear()
    PROFILES.update(profiles)
