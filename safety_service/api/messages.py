"""Messages that could not be read: which, why, and again after a fix."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime, BaseModel

from safety_service.api.deps import Now, RowId, SessionDep, Wake, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.rights import Caller
from safety_service.services.replay import replay
from safety_service.store import rejected as store
from safety_service.store.tables import RejectedMessage

router = new_router("messages")

Reader = Annotated[Caller, Depends(require("messages:read"))]
Replayer = Annotated[Caller, Depends(require("messages:replay"))]


class RejectedOut(BaseModel):
    """`place` and `detail` say where in the message it failed; `position` is its number in the log."""

    id: int
    partition: int
    position: int
    school: str | None
    topic: str
    reason: str
    place: str
    detail: str
    received_at: AwareDatetime
    replayed_at: AwareDatetime | None


class ReasonOut(BaseModel):
    reason: str
    count: int


class ReasonsOut(BaseModel):
    items: list[ReasonOut]


def rejected_out(rows: Sequence[RejectedMessage]) -> list[RejectedOut]:
    # Field by field: the row holds the message as well, which is not for a list.
    return [RejectedOut(**{name: getattr(row, name) for name in RejectedOut.model_fields}) for row in rows]


def wanted(
    school: str | None = None,
    reason: str | None = None,
    replayed: Annotated[bool | None, Query(description="Whether it was put in again")] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="received_at, included")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="received_at, excluded")] = None,
) -> store.RejectedFilter:
    return store.RejectedFilter(school=school, reason=reason, replayed=replayed, since=since, until=until)


Wanted = Annotated[store.RejectedFilter, Depends(wanted)]


@router.get("/messages/rejected", responses=LIST_RESPONSES, response_model=ListOf[RejectedOut])
def list_rejected(
    _caller: Reader, session: SessionDep, wanted: Wanted, paging: PagingDep
) -> ListOf[RejectedOut] | Response:
    """Newest first. Messages that name no known school are shown to callers with every school only."""
    return paging.answer(
        lambda after, limit: store.list_rejected(session, wanted, after, limit), rejected_out, RejectedOut
    )


@router.get("/messages/rejected/reasons")
def count_reasons(_caller: Reader, session: SessionDep, wanted: Wanted) -> ReasonsOut:
    """How many were rejected for each reason, most first."""
    found = store.count_by_reason(session, wanted)
    return ReasonsOut(items=[ReasonOut(reason=reason, count=count) for reason, count in found])


@router.post("/messages/rejected/{number}/replay", status_code=202)
def replay_rejected(
    _caller: Replayer, session: SessionDep, now: Now, wake: Wake, number: RowId
) -> RejectedOut:
    """Puts the raw message into the inbox again; what then still cannot be read is a new rejected message."""
    return rejected_out([replay(session, number, now=now, wake=wake)])[0]
