"""Vendor profiles in force, and the codes that none of them knows."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Response
from pydantic import AwareDatetime, BaseModel

from safety_service.api.deps import SessionDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.decoding.profiles import PROFILES, Profile
from safety_service.domain.rights import Caller
from safety_service.services import unmapped
from safety_service.store.paging import Key, Page
from safety_service.store.unmapped import UnmappedTotal

router = new_router("vendors")

Reader = Annotated[Caller, Depends(require("registry:read"))]


class VendorOut(BaseModel):
    """`codes`: how many it knows; `fields`: what it finds in a payload; `own`: from an operator's file."""

    id: str
    title_zh: str
    title_en: str
    codes: int
    fields: str
    own: bool


class UnmappedOut(BaseModel):
    """A code that became `other`. `school` and `device` sent it last."""

    vendor: str
    code: str
    format: str
    count: int
    schools: int
    first_seen_at: AwareDatetime
    last_seen_at: AwareDatetime
    school: str
    device: str


@router.get("/vendors", responses=LIST_RESPONSES, response_model=ListOf[VendorOut])
def list_vendors(_caller: Reader, paging: PagingDep) -> ListOf[VendorOut] | Response:
    """By id: those that ship, and those of CAMPUS_VENDORS_DIR, which extend or replace them."""
    return paging.answer(_page, _vendors, VendorOut)


@router.get("/vendors/unmapped", responses=LIST_RESPONSES, response_model=ListOf[UnmappedOut])
def list_unmapped(_caller: Reader, session: SessionDep, paging: PagingDep) -> ListOf[UnmappedOut] | Response:
    """What to map next, by vendor and code, summed over the caller's schools."""
    return paging.answer(
        lambda after, limit: unmapped.still_unmapped(session, after, limit), _codes, UnmappedOut
    )


def _page(after: Key | None, limit: int) -> Page[Profile]:
    known = [PROFILES[name] for name in sorted(PROFILES) if after is None or name > after[0]]
    return Page(known[:limit], (known[limit - 1].id,) if len(known) > limit else None)


def _vendors(profiles: Sequence[Profile]) -> list[VendorOut]:
    return [
        VendorOut(
            id=one.id,
            title_zh=one.title.get("zh", ""),
            title_en=one.title.get("en", ""),
            codes=len(one.codes),
            fields=" ".join(sorted(one.fields)),
            own=one.own,
        )
        for one in profiles
    ]


def _codes(totals: Sequence[UnmappedTotal]) -> list[UnmappedOut]:
    return [UnmappedOut(count=total.times, **total._asdict()) for total in totals]
