"""When each gateway sends again what no receipt covers: after every reconnect, and after silence."""

from collections.abc import Iterable, Mapping

import msgspec

from device_simulator.spool import Kept, Spool

RECEIPT_GRACE_SECONDS = 0.5
"""After a reconnect the retained receipt comes first; resending before it would repeat what is committed."""
FIRST_RECEIPT_SECONDS = 1.0
"""How long a retained receipt is waited for before a gateway gives out numbers."""
SILENCE_SECONDS = 30.0
MOST_UNHEARD = 5_000
"""How much goes out again before a receipt shows that somebody takes it in: a service that is behind must not
be buried under repeats."""
LONGEST_SILENCES = 8
"""After silence upon silence it is waited so many times longer."""


class Receipt(msgspec.Struct, frozen=True):
    """What the service publishes under `receipts`: all up to `sequence` is committed."""

    sequence: int


class _Plan(msgspec.Struct):
    """`goes_on`: more is to be sent again as soon as a receipt covers some of it."""

    after: int
    until: int
    due: float
    goes_on: bool = False


class Resending:
    """Plans over the spools of many schools. All times are monotonic seconds, told by the caller.

    A plan goes from the lowest uncovered number to the last one kept when it was made, as far as
    MOST_UNHEARD allows: what is kept later is on its way for the first time. Silence counts from the last
    receipt that covered something, or from when something was kept in an empty spool.
    """

    def __init__(self, spools: Mapping[str, Spool], silence_seconds: float = SILENCE_SECONDS) -> None:
        self._spools = spools
        self._silence_seconds = silence_seconds
        self._plans: dict[str, _Plan] = {}
        self._quiet_since: dict[str, float] = {}
        self._silences: dict[str, int] = {}
        self._unfinished: set[str] = set()
        self.heard: set[str] = set()
        """Schools whose gateway has had a receipt since the start."""

    def kept(self, school: str, now: float) -> None:
        """A message was spooled and sent for the first time."""
        self._quiet_since.setdefault(school, now)

    def take_receipt(self, topic: str, payload: bytes, now: float) -> None:
        """`campus/v1/{school}/receipts/{gateway}`; what is no receipt of ours is passed over."""
        school = topic.split("/")[2]
        try:
            receipt = msgspec.json.decode(payload, type=Receipt)
        except msgspec.DecodeError:
            return
        spool = self._spools.get(school)
        if spool is None:
            return
        self.heard.add(school)
        if receipt.sequence <= spool.covered:
            return
        spool.cover(receipt.sequence)
        self._silences.pop(school, None)
        if not spool.waiting:
            self._quiet_since.pop(school, None)
            self._unfinished.discard(school)
            return
        self._quiet_since[school] = now
        if school in self._unfinished and school not in self._plans:
            self._plan(school, now)

    def reconnected(self, schools: Iterable[str], now: float) -> None:
        """From the lowest uncovered number again, however far an earlier plan had come."""
        for school in schools:
            self._plan(school, now + RECEIPT_GRACE_SECONDS)

    def not_taken(self, school: str, now: float) -> None:
        """A message was spooled but could not be sent. Does not put off what is planned already."""
        plan = self._plans.get(school)
        if plan is None:
            self._plan(school, now + self._silence_seconds)
        else:
            plan.until = self._spools[school].last

    def due(self, now: float) -> list[str]:
        """Schools that have something to send again now."""
        for school, since in self._quiet_since.items():
            silences = self._silences.get(school, 1)
            if now - since >= self._silence_seconds * silences:
                self._quiet_since[school] = now
                self._silences[school] = min(silences * 2, LONGEST_SILENCES)
                if school not in self._plans:
                    self._plan(school, now)
        return [school for school, plan in self._plans.items() if plan.due <= now]

    def batch(self, school: str, limit: int) -> list[Kept]:
        """What is next; when nothing is, the plan has ended."""
        plan = self._plans[school]
        batch = self._spools[school].pending(plan.after, limit)
        while batch and batch[-1].number > plan.until:
            batch.pop()
        if not batch:
            if plan.goes_on:
                self._unfinished.add(school)
            del self._plans[school]
        return batch

    def sent(self, school: str, number: int) -> None:
        """Everything of the plan up to `number` has gone out."""
        self._plans[school].after = number

    def put_off(self, school: str, until: float) -> None:
        """There is no room at present."""
        self._plans[school].due = until

    def _plan(self, school: str, due: float) -> None:
        spool = self._spools[school]
        self._unfinished.discard(school)
        if spool.waiting:
            until = min(spool.last, spool.covered + MOST_UNHEARD)
            self._plans[school] = _Plan(spool.covered, until, due, until < spool.last)
            self._quiet_since.setdefault(school, due)
