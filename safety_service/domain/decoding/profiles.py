"""Vendors' own codes as event kinds: tables from data files that the service installs at its start."""

from collections.abc import Iterable, Mapping

import msgspec

from safety_service.domain.types import Severity


class Mapped(msgspec.Struct, frozen=True):
    """What a code means; `severity` is a default, for what tells none itself. `known`: a profile says so."""

    kind: str
    severity: Severity | None = None
    known: bool = True


UNKNOWN = Mapped("other", None, False)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor's table. `folded`: its codes in lower case, for devices that do not keep to theirs."""

    id: str
    folded: Mapping[str, Mapped]

    def look_up(self, code: str) -> Mapped:
        """The meaning of a code, or `other`: that nobody mapped it is no reason to refuse anything."""
        return self.folded.get(code.strip().lower(), UNKNOWN)


PROFILES: dict[str, Profile] = {}


def install(profiles: Iterable[Profile]) -> None:
    """Puts these in force instead of whatever was."""
    PROFILES.update({one.id: one for one in profiles})


def profile(name: str) -> Profile:
    """The table of that name. Raises LookupError where none was installed: no code may be guessed at."""
    found = PROFILES.get(name)
    if found is None:
        raise LookupError(f"no vendor profile {name!r} is installed")
    return found
