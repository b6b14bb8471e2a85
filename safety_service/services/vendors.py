"""Loads the vendor profiles that ship with the service into the decoders."""

from pathlib import Path

import yaml

from safety_service.domain.decoding.profiles import PROFILES, Mapped, Profile, install

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "vendors"


def ensure_installed() -> None:
    """The shipped profiles for whoever decodes in a process that installed none."""
    if not PROFILES:
        install(map(_read, sorted(SHIPPED.glob("*.yaml"))))


def _read(path: Path) -> Profile:
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    codes = {code.lower(): Mapped(**entry) for code, entry in table["codes"].items()}
    return Profile(id=table["id"], folded=codes)
