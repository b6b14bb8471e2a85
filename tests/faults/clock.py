"""A wall clock for the service that the bench can step: a few lines of C under its processes, see clock.c."""

import shutil
import struct
import subprocess
from pathlib import Path

from tests.postgres import missing

_SOURCE = Path(__file__).with_name("clock.c")


def environment(home: Path) -> dict[str, str]:
    """For processes whose wall clock follows `shift`; their monotonic clock stays true, as in reality."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        missing("A C compiler (Debian's package gcc)")
        raise AssertionError
    library = home / "clock.so"
    if not library.exists():
        order = [compiler, "-shared", "-fPIC", "-nostdlib", "-O1", "-o", str(library), str(_SOURCE)]
        subprocess.run(order, check=True)
        shift(home, 0)
    return {"LD_PRELOAD": str(library), "FAULTS_CLOCK": str(_file(home))}


def shift(home: Path, seconds: int) -> None:
    """From now on the wall clock is so many seconds ahead of the true time."""
    file = _file(home)
    file.touch()
    # In place: the processes have the file mapped.
    with file.open("r+b", buffering=0) as opened:
        opened.write(struct.pack("q", seconds))


def _file(home: Path) -> Path:
    return home / "clock"
