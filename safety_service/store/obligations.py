"""What is due, where the rules look for it."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from safety_service.domain.obligations import Obligation


def put(_session: Session, _obligations: Sequence[Obligation]) -> None:
    """Adds these, or replaces those of the same `of` and `id`."""


def close(_session: Session, _of: str, _ids: Sequence[str], _at: datetime, _cancelled: bool) -> None:
    """These were done at that moment, or no longer matter."""
