"""A rule test as it was checked: what happens, and what is expected of it."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from safety_service.domain.escalation import Policy
from safety_service.domain.obligations import Obligation
from safety_service.domain.rules.model import RuleSet
from safety_service.domain.suppression import Quiet
from safety_service.domain.types import DeviceSeen, Event


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happens at an offset from the start.

    An event, a step of a person, a restart, a time in which matching alerts tell nobody, or something owed:
    `owed` as it is from now on, `about` what is done or cancelled.
    """

    at: timedelta
    event: Event | None = None
    action: str | None = None
    rule: str | None = None
    where: dict[str, str] = msgspec.field(default_factory=dict)
    disposition: str = "confirmed"
    down: timedelta = timedelta(0)
    quiet: Quiet | None = None
    owed: Obligation | None = None
    about: tuple[str, str] | None = None
    place: str = ""

    @property
    def is_news(self) -> bool:
        """Whether it comes before the timers of its instant, as an event does."""
        return self.event is not None or self.owed is not None or self.about is not None


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What has to happen at an offset; `fields` must be equal, others are left open."""

    at: timedelta
    fields: dict[str, Any]
    place: str


class Channel(msgspec.Struct, frozen=True):
    id: str
    send_resolved: bool


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A whole rule test. `expect_sent` None: what is sent is not looked at. `on_duty`: roster -> channel."""

    file: str
    start: datetime
    until: timedelta
    tolerance: timedelta
    rules: RuleSet
    devices: list[DeviceSeen]
    entries: list[Entry]
    expect: list[Expected]
    channels: list[Channel]
    expect_sent: list[Expected] | None
    escalations: dict[str, Policy] = {}
    on_duty: dict[str, str] = {}
