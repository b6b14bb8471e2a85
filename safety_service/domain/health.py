"""The vital signs of one process, as it tells them to whoever asks."""

import msgspec

READY = ("ok", "standby")

Reading = tuple[str, float]
"""What the figure means, and its value."""


class Vitals(msgspec.Struct, frozen=True):
    """`parts`: each part with `ok`, `standby` (ready to take over) or what is wrong with it.

    Counters only ever grow.
    """

    parts: dict[str, str]
    counters: dict[str, Reading] = msgspec.field(default_factory=dict)
    gauges: dict[str, Reading] = msgspec.field(default_factory=dict)

    @property
    def ready(self) -> bool:
        return all(word in READY for word in self.parts.values())
