"""Hand-over notes: what a shift leaves to the next one, with everything that is open."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from safety_service.api.deps import Now, RowId, SessionDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.rights import Caller
from safety_service.domain.types import Condition, Severity
from safety_service.services import handovers
from safety_service.store import handovers as store
from safety_service.store.tables_desk import Handover

router = new_router("alerts")

Reader = Annotated[Caller, Depends(require("alerts:read"))]
Handler = Annotated[Caller, Depends(require("alerts:handle"))]
School = Annotated[str | None, Query(max_length=64, description="One school's desk; none: all that is seen")]


class HandoverIn(BaseModel):
    """`school` null: the county's desk."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"school": "370828-001", "note": "北门地磁误报，已报修；食堂冷库温度请每小时看一次。"}
        },
    )

    note: str = Field(max_length=handovers.LONGEST_NOTE)
    school: str | None = Field(default=None, max_length=64)


class OpenAlertOut(BaseModel):
    id: int
    title: dict[str, str]
    severity: Severity
    condition: Condition
    school: str
    zone: str | None
    device: str | None
    acknowledged_by: str | None
    raised_at: AwareDatetime


class OpenSilenceOut(BaseModel):
    id: int
    school: str | None
    match: dict[str, object]
    comment: str
    ends_at: AwareDatetime


class StandingOut(BaseModel):
    """What was open at that moment: counts of all, of the alerts the worst and oldest hundred."""

    by_severity: dict[str, int]
    unacknowledged: int
    alerts: list[OpenAlertOut]
    silences: list[OpenSilenceOut]
    rectifications_overdue: int
    duties_overdue: int


class HandoverOut(BaseModel):
    """`taken_at` null: nobody of the next shift has read it yet."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    school: str | None
    note: str
    written_at: AwareDatetime
    written_by: str
    taken_at: AwareDatetime | None
    taken_by: str | None
    open: StandingOut


def _shapes(rows: Sequence[Handover]) -> list[HandoverOut]:
    return [HandoverOut.model_validate(row) for row in rows]


@router.get("/handovers", responses=LIST_RESPONSES, response_model=ListOf[HandoverOut])
def list_handovers(
    _caller: Reader,
    session: SessionDep,
    paging: PagingDep,
    waiting: Annotated[bool | None, Query(description="Whether nobody has taken it yet")] = None,
    school: School = None,
) -> ListOf[HandoverOut] | Response:
    """Newest first."""
    return paging.answer(
        lambda after, limit: store.list_page(session, waiting, school, after, limit), _shapes, HandoverOut
    )


@router.post("/handovers", status_code=201)
def write_handover(caller: Handler, session: SessionDep, now: Now, body: HandoverIn) -> HandoverOut:
    """Keeps the note, and with it what is open at this moment."""
    return HandoverOut.model_validate(handovers.write(session, body.note, body.school, caller, now))


# Before the notes by number, which stand in the same place as this name.
@router.get("/handovers/standing")
def read_standing(_caller: Reader, session: SessionDep, now: Now, school: School = None) -> StandingOut:
    """What a note written now would carry."""
    return StandingOut.model_validate(handovers.standing(session, school, now))


@router.get("/handovers/{number}")
def read_handover(_caller: Reader, session: SessionDep, number: RowId) -> HandoverOut:
    return HandoverOut.model_validate(store.get(session, number))


@router.post("/handovers/{number}/take")
def take_handover(caller: Handler, session: SessionDep, now: Now, number: RowId) -> HandoverOut:
    """The next shift has read it: it is shown no longer, and stays in the list."""
    return HandoverOut.model_validate(handovers.take(session, number, caller, now))
