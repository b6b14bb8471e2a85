"""Which kind a vendor's code stands for: tables by vendor, shipped with the service or an operator's own."""

from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

import yaml


class Mapped(NamedTuple):
    """What a code stands for; `severity` is the vendor's default, if it has one."""

    kind: str
    severity: str | None = None


UNKNOWN = Mapped("other")


class Profile(NamedTuple):
    id: str
    codes: Mapping[str, Mapped]

    def look_up(self, code: str) -> Mapped:
        """What the code stands for; an unknown one is `other`."""
        return self.codes.get(code, UNKNOWN)


PROFILES: dict[str, Profile] = {}


def install(profiles: Mapping[str, Profile]) -> None:
    """Takes these tables from now on."""
    PROFILES.clear()
    PROFILES.update(profiles)


def profile(name: str) -> Profile:
    """The table of a vendor: the installed one, else the one shipped; an empty one where there is none."""
    found = PROFILES.get(name)
    if found is None:
        found = PROFILES[name] = _shipped(name)
    return found


def _shipped(name: str) -> Profile:
    path = files("safety_service") / "data" / "vendors" / f"{name}.yaml"
    if not path.is_file():
        return Profile(name, {})
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    codes = {str(code): Mapped(entry["kind"], entry.get("severity")) for code, entry in tree["codes"].items()}
    return Profile(name, codes)
