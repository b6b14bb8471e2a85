"""What git tracks here, and what may not stand in it."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("safety_service", "device_simulator")

_ON_TOP = """
    safety_service device_simulator alembic tests docs docker-compose.yml Dockerfile pyproject.toml
    requirements.lock README.md README.zh.md LICENSE
"""
ON_TOP = frozenset(_ON_TOP.split())

_HOSTS = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|crates\.io|proxy\.golang\.org"
    r"|--(extra-)?index-url|tool\.uv\.index"
)
# The start of a line or something that is no part of a longer path must come before it.
_MACHINE_PATHS = re.compile(r"(?<![\w./$}{*~<>-])/(root|home|work|opt)/[\w.]")


def tracked() -> list[str]:
    """Paths relative to the root, as git knows them; files deleted but not committed are left out."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def modules() -> Iterator[tuple[str, Path]]:
    """Dotted names and files of our own Python."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "vendor" in path.parts or path.is_relative_to(ROOT / "safety_service" / "migrations"):
                continue
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def stray_entries(names: Iterable[str]) -> set[str]:
    """Entries on top that have no place there; those that begin with a dot are settings of tools."""
    return {top for name in names if not (top := name.partition("/")[0]).startswith(".")} - ON_TOP


def hosts_and_paths(text: str) -> Iterator[tuple[int, str]]:
    """(line number, match) of package registries and of paths that exist on one machine only."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern in (_HOSTS, _MACHINE_PATHS):
            if found := pattern.search(line):
                yield number, found.group()
                break
