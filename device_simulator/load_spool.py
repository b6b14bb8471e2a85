"""The spools of a load: what its gateways sent stays on disk until it is covered, and goes out again."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from device_simulator.errors import WrongUsageError
from device_simulator.load_events import LoadEvents
from device_simulator.packets import text
from device_simulator.pipe import Outgoing, Pipe
from device_simulator.resending import FIRST_RECEIPT_SECONDS, Resending
from device_simulator.spool import Kept, Spool

AGAIN = -1
"""The number of a message that a spool sends again: it was counted the first time."""
_CHUNK = 250
_COMPACT_AFTER = 50_000


class LoadSpools:
    """One spool for each school's gateway. A load that was killed goes on where its spools end."""

    def __init__(
        self,
        directory: Path,
        events: LoadEvents,
        resend_after: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.receipt_filter = f"campus/v1/+/receipts/{events.gateway}"
        self.resend_after = resend_after
        self._clock = clock
        self._spools = {
            school: Spool(directory / f"{school}.{events.gateway}.spool", compact_after=_COMPACT_AFTER)
            for school in events.schools
        }
        self._topics = {school: events.topic(school) for school in events.schools}
        self._earlier = {school: spool.last for school, spool in self._spools.items()}
        self._resending = Resending(self._spools, resend_after)

    @property
    def waiting(self) -> int:
        """How many messages no receipt covers."""
        return sum(spool.waiting for spool in self._spools.values())

    def learn_receipts(self, pipe: Pipe) -> None:
        """Take in the retained receipts, waiting a moment for them.

        Raises WrongUsageError where one stands above what the spools know: their numbers were given out by
        a run of the same name, and its events would be repeats.
        """
        deadline = self._clock() + FIRST_RECEIPT_SECONDS
        while self._clock() < deadline and self._resending.heard < set(self._spools):
            pipe.receive(0.02)
            self.take_receipts(pipe)
        for school, spool in self._spools.items():
            if spool.last > self._earlier[school]:
                raise WrongUsageError(
                    f"a load of this name was here before: school {school} has a receipt for {spool.last}, "
                    f"but the spool knows {self._earlier[school]}; take another --run or that run's --spool"
                )

    def keep(self, messages: Iterable[Outgoing]) -> list[Outgoing]:
        """Write them down before they are sent; returns those that no earlier run had written down."""
        fresh: list[Outgoing] = []
        by_school: defaultdict[str, list[Kept]] = defaultdict(list)
        earlier, topics = self._earlier, self._topics
        for message in messages:
            _, _, payload, school, sequence = message
            if sequence > earlier[school]:
                fresh.append(message)
                by_school[school].append(Kept(sequence, topics[school], payload))
        now = self._clock()
        for school, kept in by_school.items():
            self._spools[school].keep_all(kept)
            self._resending.kept(school, now)
        return fresh

    def take_receipts(self, pipe: Pipe) -> bool:
        """What came in on the connection that listens; whether it covers more than before."""
        if not pipe.heard:
            return False
        before, now = self.waiting, self._clock()
        for topic, payload in pipe.heard:
            self._resending.take_receipt(topic, payload, now)
        pipe.heard.clear()
        return self.waiting < before

    def reconnected(self) -> None:
        """Everything uncovered is to go out again, from the lowest number."""
        self._resending.reconnected(self._spools, self._clock())

    def some_again(self, room: int, pipes: Sequence[Pipe]) -> list[Outgoing]:
        """What is due to be sent again and fits, without what a connection resends by itself."""
        due = self._resending.due(self._clock()) if room > 0 else []
        if not due:
            return []
        in_hand = {place for pipe in pipes for place in pipe.in_hand()}
        again: list[Outgoing] = []
        for school in due:
            while (left := min(room, _CHUNK) - len(again)) > 0:
                batch = self._resending.batch(school, left)
                if not batch:
                    break
                again += [
                    (AGAIN, text(kept.topic), kept.payload, school, kept.number)
                    for kept in batch
                    if (school, kept.number) not in in_hand
                ]
                self._resending.sent(school, batch[-1].number)
        return again

    def close(self) -> None:
        """What is uncovered stays on disk."""
        for spool in self._spools.values():
            spool.close()
