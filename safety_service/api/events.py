"""The event log."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime, BaseModel

from safety_service.api.deps import SessionDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.rights import Caller
from safety_service.store import events as store
from safety_service.store.source_times import written
from safety_service.store.tables import StoredEvent

router = new_router("events")

Reader = Annotated[Caller, Depends(require("events:read"))]


class EventOut(BaseModel):
    """What a device reported; kinds and phases are listed in the documentation of the event format."""

    id: int
    school: str
    device: str
    kind: str
    phase: str
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    format: str
    event_id: str | None
    value: float | None
    unit: str | None
    severity_hint: str | None
    zone: str | None
    snapshot_url: str | None
    attributes: dict[str, Any]
    retained: bool
    clock_suspect: bool
    source_time: str | None


def events_out(rows: Sequence[StoredEvent]) -> list[EventOut]:
    return [
        EventOut(
            **{
                **row.model_dump(),
                "attributes": row.attributes or {},
                "source_time": written(row.source_time, row.occurred_at),
            }
        )
        for row in rows
    ]


def wanted(
    school: str | None = None,
    device: str | None = None,
    kind: str | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="occurred_at, included")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="occurred_at, excluded")] = None,
) -> store.EventFilter:
    return store.EventFilter(school=school, device=device, kind=kind, since=since, until=until)


@router.get("/events", responses=LIST_RESPONSES, response_model=ListOf[EventOut])
def list_events(
    _caller: Reader,
    session: SessionDep,
    wanted: Annotated[store.EventFilter, Depends(wanted)],
    paging: PagingDep,
) -> ListOf[EventOut] | Response:
    """Newest first by the time of the event."""
    return paging.answer(
        lambda after, limit: store.list_events(session, wanted, after, limit), events_out, EventOut
    )
