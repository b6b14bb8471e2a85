"""What came of a rule test: every transition, and what was sent of it."""

from datetime import timedelta

import msgspec

from safety_service.domain.types import Alert


class Happened(msgspec.Struct, kw_only=True):
    """One transition, as the history would keep it; `count` is the alert's at the end of that instant."""

    at: timedelta
    rule: str
    school: str
    device: str | None
    change: str
    severity: str
    count: int
    alert: Alert


class Sent(msgspec.Struct, kw_only=True):
    at: timedelta
    rule: str
    school: str
    device: str | None
    change: str
    channel: str


class Outcome(msgspec.Struct):
    """Everything that happened, what would have been sent, and steps that found nothing to act on."""

    happened: list[Happened]
    sent: list[Sent]
    failed: list[str]
