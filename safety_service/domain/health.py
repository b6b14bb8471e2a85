"""The vital signs of one process, as it tells them to whoever asks."""

import msgspec

Reading = tuple[str, float]
"""What the figure means, and its value."""


class Vitals(msgspec.Struct, frozen=True):
    """`parts`: each part with the word `ok` or what is wrong with it; counters only ever grow."""

    parts: dict[str, str]
    counters: dict[str, Reading] = msgspec.field(default_factory=dict)
    gauges: dict[str, Reading] = msgspec.field(default_factory=dict)

    @property
    def ready(self) -> bool:
        return all(word == "ok" for word in self.parts.values())
