"""What parent and child tell each other: JSON lines over the child's standard input and output."""

from datetime import datetime

import msgspec

from safety_service.mqtt.receiver import ReceiverPlan


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The child's first line: all it needs to know. It goes through a pipe, for it holds passwords."""

    plan: ReceiverPlan
    database_url: str
    partition: int
    lease: str
    fence: int
    log_level: str


class Publish(msgspec.Struct, frozen=True):
    """Every further line to the child: a retained message to publish."""

    topic: str
    payload: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How the child is: sent after each commit, and every second.

    `connections` counts how often the broker was reached; `superseded`: another process holds the lease.
    """

    received: int = 0
    committed: int = 0
    connections: int = 0
    link_since: datetime | None = None
    storing_fails_since: datetime | None = None
    alive: bool = True
    superseded: bool = False
