"""The live stream: every transition the caller may see, in order, without gap or repeat."""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, format_sse_event
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from safety_service.api.deps import EngineDep, require
from safety_service.api.routing import new_router
from safety_service.api.schemas_alerts import StreamItem, stream_item
from safety_service.domain.rights import Caller
from safety_service.live import Hub
from safety_service.services import auth
from safety_service.store import alerts
from safety_service.store.scope import EVERY_SCHOOL, Scope
from safety_service.store.session import session_scope

router = new_router("stream")

AT_ONCE = 200
FURTHEST_BACK = 50_000
"""A client that missed more is told to fetch afresh: that is quicker than the history."""
KEEPALIVE_SECONDS = 15.0
RETRY_MILLISECONDS = 2000


# Not EventSourceResponse here: FastAPI takes that class on a route as "the function itself yields events".
@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": StreamItem.model_json_schema()}}}},
)
def stream(
    request: Request,
    caller: Annotated[Caller, Depends(require("alerts:read"))],
    engine: EngineDep,
    last_event_id: Annotated[str | None, Header()] = None,
    resume: Annotated[str | None, Query(alias="last_event_id")] = None,
) -> EventSourceResponse:
    """Server-sent events `alert` (data: transition and alert, id: transition number) and `resync`.

    Begins behind `Last-Event-ID` (or the parameter of the same meaning, for clients that cannot set the
    header), without it at the newest. `resync`: the client must fetch the lists again, then goes on here.
    """
    hub: Hub = request.app.state.hub
    feed = Feed(engine, hub, caller)
    return EventSourceResponse(feed.events(last_event_id or resume), headers={"X-Accel-Buffering": "no"})


class Feed:
    """One client's way through the history; its place is a transition number and nothing else."""

    def __init__(self, engine: Engine, hub: Hub, caller: Caller) -> None:
        self._engine = engine
        self._hub = hub
        self._caller = caller
        self._scope = Scope(every_school=caller.every_school, schools=caller.schools)

    async def events(self, wished: str | None) -> AsyncGenerator[bytes, None]:
        place, resync = await run_in_threadpool(self._begin, wished)
        # The id goes out first, so that a client that loses us before the first alert resumes right here.
        yield format_sse_event(id=str(place), comment="connected", retry=RETRY_MILLISECONDS, data_str=None)
        if resync:
            yield format_sse_event(event="resync", id=str(place), data_str="{}")
        while not self._hub.stopping:
            place, lines = await run_in_threadpool(self._read, place)
            for line in lines:
                yield line
            if len(lines) == AT_ONCE:
                continue
            if not await self._hub.wait_beyond(place, KEEPALIVE_SECONDS):
                if not await run_in_threadpool(self._still_allowed):
                    return
                yield format_sse_event(comment="alive", data_str=None)

    def _begin(self, wished: str | None) -> tuple[int, bool]:
        with session_scope(self._engine, self._scope) as session:
            newest = alerts.last_transition(session)
        if wished is None:
            return newest, False
        place = int(wished) if wished.isascii() and wished.isdigit() else -1
        if 0 <= newest - place <= FURTHEST_BACK and place >= 0:
            return place, False
        return newest, True

    def _read(self, place: int) -> tuple[int, list[bytes]]:
        """The next transitions the caller may see, and how far the history was read for them."""
        newest = self._hub.newest
        with session_scope(self._engine, self._scope, autocommit=True) as session:
            rows = alerts.read_history_after(session, place, AT_ONCE)
        lines = [
            format_sse_event(
                event="alert", id=str(row.number), data_str=stream_item(row, alert).model_dump_json()
            )
            for row, alert in rows
        ]
        if len(rows) == AT_ONCE:
            return rows[-1][0].number, lines
        return max([newest, place, *(row.number for row, _ in rows)]), lines

    def _still_allowed(self) -> bool:
        with session_scope(self._engine, EVERY_SCHOOL) as session:
            return auth.still_valid(session, self._caller)
