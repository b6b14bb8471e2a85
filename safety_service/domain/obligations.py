"""What somebody owes by a due time, for rules to watch: a rectification, a duty, an inspection."""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from safety_service.domain.types import Event, Severity

Of = Literal["rectification", "duty", "inspection"]
OFS: tuple[str, ...] = get_args(Of)
OVERDUE_KIND = "duty_overdue"
"""The kind of every alert about something owed, in the vocabulary of events."""


class Obligation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is owed, as it stands now; `of` and `id` together are its name for good.

    `subject`: the cafeteria, zone or person it is about, None for the school as a whole. `type` sorts those
    of one `of`, for rules to match (a duty's id, a scheme). `severity`: how grave it is to miss this one,
    None where the rule alone says. Open until `done_at` is known or it is `cancelled`.
    """

    of: Of
    id: str
    school: str
    subject: str | None = None
    type: str | None = None
    title: dict[str, str]
    due_at: datetime
    severity: Severity | None = None
    done_at: datetime | None = None
    cancelled: bool = False

    @property
    def is_open(self) -> bool:
        return self.done_at is None and not self.cancelled


def as_event(obligation: Obligation) -> Event:
    """The obligation as the `match` and `key` of a rule read it: `device` and `zone` both are the subject."""
    return Event(
        school=obligation.school,
        device=obligation.subject or "",
        kind=OVERDUE_KIND,
        phase="state",
        occurred_at=obligation.due_at,
        received_at=obligation.due_at,
        format="service",
        dedup_key=f"{obligation.of}|{obligation.id}",
        event_id=obligation.id,
        severity_hint=obligation.severity,
        zone=obligation.subject,
        attributes={"of": obligation.of, "type": obligation.type, "subject": obligation.subject},
    )
