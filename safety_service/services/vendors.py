"""Loads the vendor profiles that ship with the service into the decoders."""

from functools import lru_cache
from pathlib import Path

import yaml

from safety_service.domain.decoding.profiles import Mapped, Profile, install

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "vendors"


@lru_cache(maxsize=1)
def install_shipped() -> None:
    """Makes the shipped tables those that the decoders look codes up in, once."""
    install({path.stem: _read(path) for path in sorted(SHIPPED.glob("*.yaml"))})


def _read(path: Path) -> Profile:
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Profile(
        {str(code): Mapped(entry["kind"], entry.get("severity")) for code, entry in table["codes"].items()}
    )
