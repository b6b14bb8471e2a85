"""What is due next, among very many keys whose due time mostly moves to later."""

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush, heapreplace

from safety_service.domain.rules.plan import Key

Timer = tuple[datetime, int, Key]


class Timers:
    """A heap of (due, rule, key) that is put right only at its top.

    A key whose due time moves to later keeps its old entry, which is moved when it comes up: hearing a device
    costs no heap operation. Timers of one instant come in the order of rule and key, so that a restart in
    between changes nothing.
    """

    def __init__(self, due_of: Callable[[int, Key], datetime | None]) -> None:
        self._due_of = due_of
        self._heap: list[Timer] = []
        self._armed: dict[tuple[int, Key], datetime] = {}

    def arm(self, rule: int, key: Key, due: datetime | None) -> None:
        """To be told whenever a key may have become due earlier than before."""
        if due is None:
            return
        known = self._armed.get((rule, key))
        if known is None or due < known:
            self._armed[rule, key] = due
            heappush(self._heap, (due, rule, key))

    def first(self) -> Timer | None:
        """The timer that is due first, left in place."""
        heap, armed = self._heap, self._armed
        while heap:
            due, rule, key = heap[0]
            if armed.get((rule, key)) != due:
                heappop(heap)
                continue
            actual = self._due_of(rule, key)
            if actual is None:
                heappop(heap)
                del armed[rule, key]
            elif actual > due:
                armed[rule, key] = actual
                heapreplace(heap, (actual, rule, key))
            else:
                return heap[0]
        return None

    def none_before(self, instant: datetime) -> bool:
        """Whether surely nothing is due before the instant; one comparison, for every event."""
        return not self._heap or self._heap[0][0] >= instant
