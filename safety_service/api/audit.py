"""The audit trail: who did what to what, when and from where."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime, BaseModel

from safety_service.api.deps import SessionDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.rights import Caller
from safety_service.store import audit as store
from safety_service.store.tables_people import AuditEntry

router = new_router("audit")

Reader = Annotated[Caller, Depends(require("audit:read"))]


class AuditOut(BaseModel):
    """`actor` is a user name, `key:NAME` for a machine, `command` or `system`."""

    id: int
    at: AwareDatetime
    actor: str
    action: str
    object_type: str
    object_id: str
    school: str | None
    address: str | None
    detail: dict[str, Any]


def audit_out(rows: Sequence[AuditEntry]) -> list[AuditOut]:
    return [AuditOut(**row.model_dump()) for row in rows]


def wanted(
    actor: str | None = None,
    action: Annotated[str | None, Query(examples=["alert.close"])] = None,
    object_type: str | None = None,
    object_id: str | None = None,
    school: str | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="Included")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Excluded")] = None,
) -> store.AuditFilter:
    return store.AuditFilter(
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=object_id,
        school=school,
        since=since,
        until=until,
    )


@router.get("/audit", responses=LIST_RESPONSES, response_model=ListOf[AuditOut])
def list_audit(
    _caller: Reader,
    session: SessionDep,
    wanted: Annotated[store.AuditFilter, Depends(wanted)],
    paging: PagingDep,
) -> ListOf[AuditOut] | Response:
    """Newest first; entries are never changed or removed."""
    return paging.answer(
        lambda after, limit: store.list_entries(session, wanted, after, limit), audit_out, AuditOut
    )
