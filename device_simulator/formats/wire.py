"""What a format makes: messages ready for the broker, and the two words a link says about itself."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from device_simulator.happenings import Happening
from device_simulator.model import Device


class WireMessage(msgspec.Struct, frozen=True):
    """One publish. `sequence` is the highest gateway number in it, 0 where the format has none."""

    school: str
    format: str
    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    sequence: int = 0


class Link(NamedTuple):
    """How a connection shows that it lives: `online` retained after connecting, `offline` as last will."""

    topic: str
    online: bytes
    offline: bytes


class Pen(msgspec.Struct):
    """What writing one run's messages has to remember.

    `run` makes ids of this run differ from those of any other, `gateway` names the native gateway of every
    school, `numbers` holds the last sequence number of each school's gateway, `began` the wall time (epoch
    seconds) at which a story started, `raised` the stories whose last change was told, `posts` how often a
    story was told while it lasts. `memory` is what a format remembers beside that, under keys that begin with
    its name.
    """

    run: str
    gateway: str
    numbers: dict[str, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    began: dict[str, float] = msgspec.field(default_factory=dict)
    raised: set[str] = msgspec.field(default_factory=set)
    memory: dict[tuple[str, ...], Any] = msgspec.field(default_factory=dict)
    posts: dict[str, int] = msgspec.field(default_factory=dict)


class Format(NamedTuple):
    """One wire format: `write(pen, happenings of one school, now)`, `link(school, pen)` and what it can say.

    `kinds` lists the event kinds the format has words for; None means all of them. `roles` are those of the
    devices that could speak it, and `name` how it calls one (None: by its code).
    """

    write: Callable[[Pen, tuple[Happening, ...], datetime], list[WireMessage]]
    link: Callable[[str, Pen], Link | None]
    kinds: frozenset[str] | None
    roles: frozenset[str] = frozenset()
    name: Callable[[Device], str] | None = None
