"""Rectifications: what must be put right, by whom and by when, and who has looked at it since."""

from typing import Annotated

from fastapi import Depends, Query, Response

from safety_service.api.deps import Now, RowId, SessionDep, SettingsDep, Wake, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_alerts import CommentIn, RemarkIn
from safety_service.api.schemas_rectifications import (
    DoneIn,
    HazardIn,
    OwnerIn,
    ReasonIn,
    RectificationDetail,
    RectificationOut,
    ReturnIn,
    rectification_detail,
    rectification_out,
    rectifications_out,
)
from safety_service.domain.deadlines import Deadlines
from safety_service.domain.rectified import Source, Status
from safety_service.domain.rights import Caller
from safety_service.services import rectifications
from safety_service.services.periods import known_deadlines
from safety_service.services.rectifications import Hazard, Move
from safety_service.store import rectifications as store
from safety_service.store.tables_rectification import Rectification

router = new_router("rectifications")

HISTORY = 1000

Reader = Annotated[Caller, Depends(require("rectifications:read"))]
Handler = Annotated[Caller, Depends(require("rectifications:handle"))]
Accepter = Annotated[Caller, Depends(require("rectifications:accept"))]


def get_deadlines(settings: SettingsDep) -> Deadlines:
    """The county's periods: those that ship, or those of CAMPUS_DEADLINES_FILE."""
    return known_deadlines(settings.deadlines_file)


DeadlinesDep = Annotated[Deadlines, Depends(get_deadlines)]


class Desk:
    """Carries out the step of a person on the rectification named in the path."""

    def __init__(
        self, session: SessionDep, settings: SettingsDep, now: Now, wake: Wake, number: RowId
    ) -> None:
        self.session, self.now = session, now
        self._timezone, self._wake, self._number = settings.timezone, wake, number

    def do(self, caller: Caller, move: Move) -> RectificationOut:
        row: Rectification = rectifications.handle(
            self.session,
            self._number,
            move,
            caller,
            now=self.now,
            timezone=self._timezone,
            wake=self._wake,
        )
        return rectification_out(row, self.now)


DeskDep = Annotated[Desk, Depends()]


def wanted(
    now: Now,
    school: str | None = None,
    cafeteria: str | None = None,
    status: Annotated[list[Status] | None, Query(description="Any of")] = None,
    owner: str | None = None,
    open: Annotated[bool | None, Query(description="Neither accepted nor cancelled")] = None,
    overdue: Annotated[bool | None, Query(description="Owed, and its day is over at the school")] = None,
    key: bool | None = None,
    source: Source | None = None,
    inspection: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    item: str | None = None,
) -> store.RectificationFilter:
    return store.RectificationFilter(
        now=now,
        school=school,
        cafeteria=cafeteria,
        status=tuple(status or ()),
        owner=owner,
        open=open,
        overdue=overdue,
        key=key,
        source=source,
        inspection=inspection,
        item=item,
    )


@router.get("/rectifications", responses=LIST_RESPONSES, response_model=ListOf[RectificationOut])
def list_rectifications(
    _caller: Reader,
    session: SessionDep,
    now: Now,
    wanted: Annotated[store.RectificationFilter, Depends(wanted)],
    paging: PagingDep,
) -> ListOf[RectificationOut] | Response:
    """Newest first; all that the filters let through."""
    return paging.answer(
        lambda after, limit: store.list_page(session, wanted, after, limit),
        lambda rows: rectifications_out(rows, now),
        RectificationOut,
    )


@router.post("/rectifications", status_code=201)
def open_rectification(
    caller: Handler,
    session: SessionDep,
    settings: SettingsDep,
    deadlines: DeadlinesDep,
    now: Now,
    wake: Wake,
    body: HazardIn,
) -> RectificationOut:
    """Opens what a patrol found; what an inspection finds is opened with it."""
    hazard = Hazard(**{**body.model_dump(), "title": body.as_labels()})
    row = rectifications.open_hazard(
        session, hazard, caller.name, now=now, timezone=settings.timezone, deadlines=deadlines, wake=wake
    )
    return rectification_out(row, now)


@router.get("/rectifications/{number}")
def read_rectification(_caller: Reader, session: SessionDep, now: Now, number: RowId) -> RectificationDetail:
    """One with every step on the way."""
    row = store.get(session, number)
    return rectification_detail(row, store.history(session, number, HISTORY), now)


@router.post("/rectifications/{number}/assign")
def assign(caller: Handler, desk: DeskDep, body: OwnerIn) -> RectificationOut:
    """Names the owner; with `due_on` also another day, for whoever may accept it."""
    return desk.do(caller, rectifications.assign(caller, body.owner, body.due_on, body.comment, desk.now))


@router.post("/rectifications/{number}/done")
def report_done(caller: Handler, desk: DeskDep, body: DoneIn) -> RectificationOut:
    """Says that it is put right, with photos of it; from now on it waits for somebody else to accept it."""
    return desk.do(caller, rectifications.report_done(caller, body.photos, body.comment, desk.now))


@router.post("/rectifications/{number}/accept")
def accept(caller: Accepter, desk: DeskDep, body: CommentIn | None = None) -> RectificationOut:
    """Ends it; refused to whoever reported it done and to its owner."""
    comment = body.comment if body else None
    return desk.do(caller, rectifications.accept(desk.session, caller, comment, desk.now))


@router.post("/rectifications/{number}/return")
def send_back(caller: Accepter, desk: DeskDep, body: ReturnIn) -> RectificationOut:
    """It is not put right after all: it is owed again."""
    return desk.do(caller, rectifications.send_back(caller, body.reason, body.due_on, desk.now))


@router.post("/rectifications/{number}/cancel")
def cancel(caller: Accepter, desk: DeskDep, body: ReasonIn) -> RectificationOut:
    """It need not be done; the reason stays on record."""
    return desk.do(caller, rectifications.cancel(caller, body.reason, desk.now))


@router.post("/rectifications/{number}/comment")
def comment(caller: Handler, desk: DeskDep, body: RemarkIn) -> RectificationOut:
    """A remark, at any time."""
    return desk.do(caller, rectifications.remark(caller, body.comment, desk.now))
