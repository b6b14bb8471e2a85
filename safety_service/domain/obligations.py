"""Something that is due: who owes it, by when, and whether it was done or no longer matters."""

from datetime import datetime

import msgspec


class Obligation(msgspec.Struct, frozen=True):
    """`of`: rectification, duty or inspection; `id` is unique within it. `subject`: a cafeteria or a zone.

    `done_at` and `cancelled` both empty: still owed.
    """

    of: str
    id: str
    school: str
    subject: str | None
    title: dict[str, str]
    due_at: datetime
    severity: str | None
    done_at: datetime | None
    cancelled: bool
