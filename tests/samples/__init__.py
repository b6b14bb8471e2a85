"""Payloads as devices send them, a folder for each format, with an index of what each of them becomes.

An entry of `index.yaml` names `file`, `topic`, `received_at`, and `expect`: the fields of each event in their
order, or of a refusal (`reason`, `place`). Optional: `zone` (the school's), `retained`, `origin`. A file may
stand in several entries.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from safety_service.domain.types import Origin

FOLDER = Path(__file__).parent
INDEX = "index.yaml"
FORMATS = sorted(path.parent.name for path in FOLDER.glob(f"*/{INDEX}"))


class Sample(NamedTuple):
    """One payload on one topic, and what it should become."""

    format: str
    file: str
    topic: str
    received_at: datetime
    expect: list[dict[str, Any]]
    zone: str = "Asia/Shanghai"
    retained: bool = False
    origin: Origin = "mqtt"

    @property
    def payload(self) -> bytes:
        return (FOLDER / self.format / self.file).read_bytes()


@lru_cache(maxsize=1)
def every() -> list[Sample]:
    """The samples of all formats."""
    return [sample for format in FORMATS for sample in _of(format)]


def _of(format: str) -> Iterator[Sample]:
    for entry in yaml.safe_load((FOLDER / format / INDEX).read_text(encoding="utf-8")):
        yield Sample(format, **entry)
