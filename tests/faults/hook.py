"""The webhook receiver of the bench: accepts everything and remembers when it accepted which id."""

import threading
import time
from collections.abc import Sequence
from itertools import pairwise

from tests.receivers import Got, Receiver, Says

_ANSWER_SECONDS = 0.03


class Hook:
    """`url` is what the service's channel points at; one hook serves run after run.

    A repeated id is one that was accepted twice *although the service lived from the one to the other*. A
    sender that promises to deliver at least once, and is killed after the receiver has answered and before
    it has written that down, must send again: the id tells the receiver so, and no design can avoid it.
    Everything else is counted: a database that was away is no excuse, because the service still knew.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accepted: dict[str, list[float]] = {}
        self._receiver = Receiver(self._accept)
        self._receiver.start()
        self.url = self._receiver.url

    def forget(self) -> None:
        """Begins anew, for the next run."""
        with self._lock:
            self._accepted = {}
            self._receiver.got.clear()

    @property
    def ids(self) -> set[str]:
        with self._lock:
            return set(self._accepted)

    def repeated(self, kills: Sequence[float]) -> int:
        """How many ids came again; `kills`: when (monotonic) a process of the service was killed."""
        with self._lock:
            return count_repeated(list(self._accepted.values()), kills)

    def close(self) -> None:
        self._receiver.stop()

    def _accept(self, got: Got) -> Says:
        # As long as a real receiver takes: what is killed in that time is what makes repeats.
        threading.Event().wait(_ANSWER_SECONDS)
        with self._lock:
            self._accepted.setdefault(got.headers["webhook-id"], []).append(time.monotonic())
            self._receiver.got.clear()
        return Says()


def count_repeated(times_by_id: Sequence[Sequence[float]], kills: Sequence[float]) -> int:
    """Ids with two acceptances, one after the other, between which nothing was killed."""
    return sum(
        any(not any(first <= kill <= second for kill in kills) for first, second in pairwise(times))
        for times in times_by_id
    )
