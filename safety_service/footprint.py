"""How a process that runs for months treats its memory: the garbage collector, and the C library's pools."""

import ctypes
import gc
from contextlib import suppress

_THRESHOLDS = (50_000, 20, 20)
_M_ARENA_MAX = -8
_ARENAS = 2


def expect_short_lives() -> None:
    """For work on batches of thousands of objects that live for a moment, none of them in a cycle.

    What was imported is not looked through for garbage any more, and the rest less often.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def share_pools() -> None:
    """For a process with many threads, before it starts them: glibc would give each a pool of its own.

    Where the C library is another one, nothing happens.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
