"""What somebody owes by a due time, for rules to watch: a rectification, a duty, an inspection."""

from datetime import datetime
from typing import Literal

import msgspec

from safety_service.domain.types import Severity

Of = Literal["rectification", "duty", "inspection"]


class Obligation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is owed, as it stands now; `of` and `id` together are its name for good.

    `subject`: the cafeteria or zone it is about, None for the school as a whole. `type` sorts those of one
    `of`. `severity`: how grave it is to miss this one. Open until `done_at` is known or it is `cancelled`.
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
