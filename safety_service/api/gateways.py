"""Gateways that number what they send: how far their messages are committed, and what is missing."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Response
from pydantic import AwareDatetime, BaseModel

from safety_service.api.deps import SessionDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.rights import Caller
from safety_service.store import gateways as store
from safety_service.store.tables_partition import Gateway

router = new_router("registry")

Reader = Annotated[Caller, Depends(require("registry:read"))]


class OpenGap(BaseModel):
    """Numbers that are missing while later ones came; unchanged `since` then."""

    first_missing: int
    last_missing: int
    since: AwareDatetime


class GatewayOut(BaseModel):
    """`covered`: the number in its receipt, null before its first; `open_gap`: the lowest one, if any."""

    school: str
    gateway: str
    covered: int | None
    open_gap: OpenGap | None
    heard_at: AwareDatetime | None


@router.get("/gateways", responses=LIST_RESPONSES, response_model=ListOf[GatewayOut])
def list_gateways(
    _caller: Reader, session: SessionDep, paging: PagingDep, school: str | None = None
) -> ListOf[GatewayOut] | Response:
    """In the order of school and gateway."""
    return paging.answer(
        lambda after, limit: store.list_gateways(session, school, after, limit), _shapes, GatewayOut
    )


def _shapes(rows: Sequence[Gateway]) -> list[GatewayOut]:
    return [
        GatewayOut(
            school=row.school,
            gateway=row.gateway,
            covered=row.covered if row.covered >= 0 else None,
            open_gap=_gap(row),
            heard_at=row.heard_at,
        )
        for row in rows
    ]


def _gap(row: Gateway) -> OpenGap | None:
    if row.gap_since is None or not row.beyond:
        return None
    return OpenGap(first_missing=row.covered + 1, last_missing=row.beyond[0][0] - 1, since=row.gap_since)
