"""What is due, where the rules look for it."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session

from safety_service.domain.obligations import Obligation


def put(session: Session, obligations: Sequence[Obligation]) -> None:
    """Writes them as they are now, new or known; one that is open again is owed again."""


def close(
    session: Session,  # noqa: ARG001
    of: str,  # noqa: ARG001
    ids: Collection[str],  # noqa: ARG001
    at: datetime,  # noqa: ARG001
    *,
    cancelled: bool = False,  # noqa: ARG001
) -> int:
    """They were done, or are not owed any more; returns how many of them had been open."""
    return 0
