"""Drafts: what was refused is kept with its reasons until it is sent again and accepted."""

from datetime import datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.errors import NotFound, SafetyError
from safety_service.domain.inspections import RefusedInspection
from safety_service.store import audit, cafeterias, inspection_chain, inspection_drafts
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope

log = structlog.get_logger(__name__)

MOST_DRAFTS = 50
"""Of one cafeteria; the oldest give way."""
LARGEST_BODY = 512 << 10


def keep(session: Session, refused: RefusedInspection) -> bool:
    """Keeps what was refused; False where no cafeteria is meant, or it is too large for an inspection.

    To be called once everything else of the submission is rolled back.
    """
    draft = refused.draft
    body = _storable(clean_value(draft.body, longest=None))
    if len(msgspec.json.encode(body)) > LARGEST_BODY:
        return False
    # As whoever submits: first the chain, then the rows of a cafeteria.
    inspection_chain.hold(session)
    place = cafeterias.only(session, draft.school, draft.cafeteria)
    if place is None:
        return False
    problems = refused.problems or [(refused.place or "body", refused.reason)]
    row = {
        "cafeteria": place.id,
        "id": draft.client_id,
        "school": place.school,
        "body": body,
        "problems": [{"place": at, "reason": reason} for at, reason in problems],
        "submitted_at": draft.submitted_at,
        "submitted_by": draft.submitted_by,
    }
    inspection_drafts.put(session, row)
    inspection_drafts.keep_newest(session, place.id, MOST_DRAFTS)
    return True


def keep_apart(engine: Engine, refused: RefusedInspection) -> None:
    """`keep` in a transaction of its own; a failure is logged, for the refusal matters more."""
    try:
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            keep(session, refused)
    except SafetyError:
        log.warning("a refused inspection could not be kept as a draft", draft=refused.draft.client_id)


def accepted(session: Session, cafeteria: str, draft: str) -> None:
    """The submission with this id is stored; its draft goes."""
    inspection_drafts.remove(session, cafeteria, draft)


def discard(session: Session, cafeteria: str, draft: str, *, school: str, now: datetime) -> None:
    """Somebody decided that the draft is not needed; NotFound where there is none."""
    if not inspection_drafts.remove(session, cafeteria, draft):
        raise NotFound(f"cafeteria {cafeteria} has no draft {draft}")
    audit.record(
        session,
        "inspection.draft.discard",
        "inspection_draft",
        draft,
        now=now,
        school=school,
        detail={"cafeteria": cafeteria},
    )


def _storable(value: Any) -> Any:
    """The value without half surrogate pairs, which JSON can say and no database keeps."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list) else value
