"""Alerts: what is going on, and what people do about it."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime

from safety_service.api.deps import Now, RowId, SessionDep, SettingsDep, get_stream_wake, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_alerts import (
    AlertOut,
    AssignIn,
    CloseIn,
    CommentIn,
    RemarkIn,
    TransitionOut,
    alert_out,
    alerts_out,
    transitions_out,
)
from safety_service.api.schemas_explaining import ExplainedAlertOut, explained_out
from safety_service.domain.rights import Caller
from safety_service.domain.types import Condition, Severity
from safety_service.services import alerts as handling
from safety_service.services import cap
from safety_service.services.explaining import explain
from safety_service.store import alerts as store

router = new_router("alerts")

Reader = Annotated[Caller, Depends(require("alerts:read"))]
Handler = Annotated[Caller, Depends(require("alerts:handle"))]
Wake = Annotated[Callable[[], None], Depends(get_stream_wake)]


def wanted(
    open: Annotated[bool | None, Query(description="Not yet closed")] = None,
    condition: Condition | None = None,
    severity: Annotated[list[Severity] | None, Query(description="Any of")] = None,
    school: str | None = None,
    device: str | None = None,
    rule: str | None = None,
    kind: str | None = None,
    acknowledged: bool | None = None,
    closed_from: Annotated[AwareDatetime | None, Query(description="closed_at, included")] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="raised_at, included")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="raised_at, excluded")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Words of title, place or school")] = None,
) -> store.AlertFilter:
    return store.AlertFilter(
        open=open,
        condition=condition,
        severity=tuple(severity or ()),
        school=school,
        device=device,
        rule=rule,
        kind=kind,
        acknowledged=acknowledged,
        closed_since=closed_from,
        since=since,
        until=until,
        text=q,
    )


Wanted = Annotated[store.AlertFilter, Depends(wanted)]


@router.get("/alerts", responses=LIST_RESPONSES, response_model=ListOf[AlertOut])
def list_alerts(
    _caller: Reader, session: SessionDep, wanted: Wanted, paging: PagingDep
) -> ListOf[AlertOut] | Response:
    """Newest first; all that the filters let through."""
    return paging.answer(
        lambda after, limit: store.list_alerts(session, wanted, after, limit), alerts_out, AlertOut
    )


@router.get("/alerts/{alert_id}")
def read_alert(_caller: Reader, session: SessionDep, alert_id: RowId) -> ExplainedAlertOut:
    """One alert with the reasons for it: rule, numbers, events, what held it back, and who was told."""
    alert = store.read(session, alert_id)
    return explained_out(alert, explain(session, alert))


@router.get(
    "/alerts/{alert_id}/cap",
    response_class=Response,
    responses={200: {"content": {cap.MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
def read_cap(_caller: Reader, session: SessionDep, settings: SettingsDep, alert_id: RowId) -> Response:
    """The alert's latest change as a message of the Common Alerting Protocol 1.2."""
    return Response(cap.document(session, alert_id, settings), media_type=cap.MEDIA_TYPE)


@router.get("/alerts/{alert_id}/transitions", responses=LIST_RESPONSES, response_model=ListOf[TransitionOut])
def list_transitions(
    _caller: Reader, session: SessionDep, alert_id: RowId, paging: PagingDep
) -> ListOf[TransitionOut] | Response:
    """The history of one alert, oldest first."""
    alert = store.read(session, alert_id)
    return paging.answer(
        lambda after, limit: store.history_of(session, alert.id, after, limit), transitions_out, TransitionOut
    )


@router.post("/alerts/{alert_id}/acknowledge")
def acknowledge(
    caller: Handler, session: SessionDep, now: Now, wake: Wake, alert_id: RowId, body: CommentIn | None = None
) -> AlertOut:
    """Says: I am on it. Never resolves the alert."""
    step = handling.acknowledge(caller.name, now, body.comment if body else None)
    return alert_out(handling.handle(session, alert_id, "acknowledge", step, now=now, wake=wake))


@router.post("/alerts/{alert_id}/assign")
def assign(
    caller: Handler, session: SessionDep, now: Now, wake: Wake, alert_id: RowId, body: AssignIn
) -> AlertOut:
    step = handling.assign(body.assignee, caller.name, now, body.comment)
    return alert_out(handling.handle(session, alert_id, "assign", step, now=now, wake=wake))


@router.post("/alerts/{alert_id}/comment")
def comment(
    caller: Handler, session: SessionDep, now: Now, wake: Wake, alert_id: RowId, body: RemarkIn
) -> AlertOut:
    step = handling.comment(body.comment, caller.name, now)
    return alert_out(handling.handle(session, alert_id, "comment", step, now=now, wake=wake))


@router.post("/alerts/{alert_id}/close")
def close(
    caller: Handler, session: SessionDep, now: Now, wake: Wake, alert_id: RowId, body: CloseIn
) -> AlertOut:
    """Ends the handling with what it turned out to be; the alert comes back only on a new event."""
    step = handling.close(body.disposition, caller.name, now, body.comment, body.evidence)
    return alert_out(handling.handle(session, alert_id, "close", step, now=now, wake=wake))


@router.post("/alerts/{alert_id}/reopen")
def reopen(
    caller: Handler, session: SessionDep, now: Now, wake: Wake, alert_id: RowId, body: CommentIn | None = None
) -> AlertOut:
    step = handling.reopen(caller.name, now, body.comment if body else None)
    return alert_out(handling.handle(session, alert_id, "reopen", step, now=now, wake=wake))
