"""Notifications: who was told what, when, and what the receiver said."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict

from safety_service.api.deps import SessionDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.rights import Caller
from safety_service.store import notifications as store
from safety_service.store.tables_outbox import Notification

router = new_router("notifications")

State = Literal["waiting", "delivered", "failed", "withheld"]


class NotificationOut(BaseModel):
    """One row of the outbox. `transition` is the number in the alert's history; `answer` is the last one."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    alert_id: int
    transition: int
    channel: str
    recipient: str
    school: str
    state: State
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    delivered_at: datetime | None
    answer: str | None


def notifications_out(rows: Sequence[Notification]) -> list[NotificationOut]:
    return [NotificationOut.model_validate(row) for row in rows]


def wanted(
    state: State | None = None,
    alert: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Id of an alert")] = None,
    channel: Annotated[str | None, Query(max_length=64)] = None,
) -> store.NotificationFilter:
    return store.NotificationFilter(state=state, alert_id=alert, channel=channel)


@router.get("/notifications", responses=LIST_RESPONSES, response_model=ListOf[NotificationOut])
def list_notifications(
    _caller: Annotated[Caller, Depends(require("alerts:read"))],
    session: SessionDep,
    wanted: Annotated[store.NotificationFilter, Depends(wanted)],
    paging: PagingDep,
) -> ListOf[NotificationOut] | Response:
    """Newest first."""
    return paging.answer(
        lambda after, limit: store.list_page(session, wanted, after, limit),
        notifications_out,
        NotificationOut,
    )
