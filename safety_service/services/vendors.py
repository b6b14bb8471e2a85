"""Loads the vendor profiles: those that ship with the service and an operator's own beside them."""

from pathlib import Path

import msgspec

from safety_service.domain.decoding import profiles
from safety_service.domain.decoding.profilefile import load_profile
from safety_service.domain.decoding.profiles import PROFILES, Profile
from safety_service.domain.errors import Refused

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "vendors"


def load_profiles(own_directory: Path | None = None) -> list[Profile]:
    """Every `*.yaml` of the shipped profiles, and of `own_directory`, whose files extend those of their id.

    Raises Refused with each problem of each file that does not load: an alarm must not become `other` because
    of a typing error that nobody was told of.
    """
    if own_directory is not None and not own_directory.is_dir():
        raise Refused(f"{own_directory} is no directory", place="CAMPUS_VENDORS_DIR")
    found: dict[str, Profile] = {}
    problems: list[tuple[str, str]] = []
    for directory in (SHIPPED, own_directory):
        seen: dict[str, str] = {}
        for path in sorted(directory.glob("*.yaml")) if directory is not None else ():
            try:
                profile = load_profile(path.read_text(encoding="utf-8"), path.name, found)
            except UnicodeDecodeError:
                problems.append((path.name, "is not UTF-8 text"))
                continue
            except Refused as error:
                problems += error.problems
                continue
            if profile.id in seen:
                problems.append((path.name, f"the id {profile.id!r} is already taken by {seen[profile.id]}"))
                continue
            seen[profile.id] = path.name
            found[profile.id] = msgspec.structs.replace(profile, own=directory is not SHIPPED)
    if problems:
        place, reason = problems[0]
        raise Refused(reason, place=place, problems=problems)
    return [found[name] for name in sorted(found)]


def install(own_directory: Path | None = None) -> None:
    """Loads and puts in force; for where a process starts. Raises Refused as `load_profiles` does."""
    profiles.install(load_profiles(own_directory))


def ensure_installed() -> None:
    """The shipped profiles for whoever decodes in a process that installed none."""
    if not PROFILES:
        install()
