"""Vendor profiles: what a vendor's codes mean, and where in its payloads things stand; data, not code.

Whoever runs a decoder installs the profiles first (`services/vendors.py` reads the files); a decoder asks for
its own each time, so that a profile installed later counts from then on.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from safety_service.domain.decoding.paths import Path
from safety_service.domain.types import Phase, Severity

LONGEST_CODE = 64
EPOCH_UNITS = {"epoch_s": 1.0, "epoch_ms": 1e3, "epoch_us": 1e6}
"""How a profile names numbers that are times, and how many of them make a second."""


class Mapped(msgspec.Struct, frozen=True):
    """What a code means; `known`: the profile says so."""

    kind: str
    severity: Severity | None = None
    known: bool = True


UNKNOWN = Mapped("other", None, False)


class Condition(msgspec.Struct, frozen=True):
    """A place that holds one of these texts; None: anything at all."""

    path: Path
    values: frozenset[str] | None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor, or one format. `fields` and what follows are for vendors that are nobody's standard.

    `phases` and `severities` say what the vendor's words for them mean. `answer`: what its devices expect to
    be told when they push over HTTP. `own`: an operator's file, or extended by one.
    """

    id: str
    title: dict[str, str]
    codes: Mapping[str, Mapped] = msgspec.field(default_factory=dict)
    match: tuple[Condition, ...] = ()
    events: Path | None = None
    fields: Mapping[str, Path] = msgspec.field(default_factory=dict)
    time_format: str | None = None
    attributes: Mapping[str, Path] = msgspec.field(default_factory=dict)
    phases: Mapping[str, Phase] = msgspec.field(default_factory=dict)
    severities: Mapping[str, Severity] = msgspec.field(default_factory=dict)
    answer: Any = None
    own: bool = False
    folded: Mapping[str, Mapped] = msgspec.field(default_factory=dict)
    """The codes in lower case, for vendors that do not keep to theirs."""

    def look_up(self, code: object) -> Mapped:
        """What the code means; `other` for one that the profile does not know."""
        text = code if isinstance(code, str) else "" if code is None else str(code)
        found = self.codes.get(text)
        if found is None:
            found = self.folded.get(text.strip().lower(), UNKNOWN)
        return found


PROFILES: dict[str, Profile] = {}
"""The profiles in force, by id."""


def install(profiles: Iterable[Profile]) -> None:
    """Puts these in force instead of whatever was."""
    fresh = {one.id: one for one in profiles}
    # Never empty in between: another thread may be decoding.
    PROFILES.update(fresh)
    for gone in PROFILES.keys() - fresh.keys():
        PROFILES.pop(gone, None)


def profile(name: str) -> Profile:
    """The profile of a format. Raises LookupError where none was installed: no code may be guessed at."""
    found = PROFILES.get(name)
    if found is None:
        raise LookupError(f"no vendor profile {name!r} is installed")
    return found


def code_text(code: object) -> str:
    """A vendor's code as it is stored: short, and of visible characters."""
    text = str(code)[: LONGEST_CODE * 2]
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable())
    return text.strip()[:LONGEST_CODE]


def plain_text(value: Any) -> str:
    """A JSON scalar as it is compared with what a profile says: `true` and `1` are texts there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
