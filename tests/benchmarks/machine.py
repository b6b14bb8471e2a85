"""What a figure was measured on: nobody can read one without it."""

import os
import platform
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import psutil

from tests import postgres


def describe() -> list[tuple[str, str]]:
    """(what, value) pairs: cores, CPU, memory, kernel, and the versions that matter."""
    memory = psutil.virtual_memory().total / (1 << 30)
    return [
        ("cores", str(len(os.sched_getaffinity(0)))),
        ("CPU", _cpu()),
        ("memory", f"{memory:.0f} GiB"),
        ("kernel", platform.release()),
        ("Python", platform.python_version()),
        ("Mosquitto", _version(shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin"), "-h")),
        ("PostgreSQL", _version(_postgres(), "--version")),
        ("SQLite", sqlite3.sqlite_version),
    ]


def _cpu() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.processor() or "unknown"


def _postgres() -> str | None:
    binaries = postgres.programs()
    return str(binaries / "postgres") if binaries else None


def _version(program: str | None, option: str) -> str:
    if program is None:
        return "absent"
    done = subprocess.run([program, option], capture_output=True, text=True, check=False, timeout=10)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else "unknown"
