"""Schools with their townships and zones."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict

from safety_service.api.deps import Now, SchoolDep, SessionDep, SettingsDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.registry import SCHOOL_CODE, SchoolFields, SchoolKind, Text, ZoneFields
from safety_service.domain.rights import Caller
from safety_service.services import registry
from safety_service.store import registry as store
from safety_service.store.tables import School, Township, Zone

router = new_router("registry")

Reader = Annotated[Caller, Depends(require("registry:read"))]
Writer = Annotated[Caller, Depends(require("registry:write"))]
CountyWriter = Annotated[Caller, Depends(require("registry:write", county=True))]
Code = Annotated[str, Path(pattern=f"^{SCHOOL_CODE}$", examples=["370828-001"])]
PlaceCode = Annotated[str, Path(min_length=1, max_length=100)]


class SchoolOut(BaseModel):
    """`township` is a code; `timezone` null means the county's; `strict`: unknown devices are quarantined."""

    code: str
    name_zh: str
    name_en: str
    township: str
    kind: str
    latitude: float | None
    longitude: float | None
    pupils: int | None
    timezone: str | None
    strict: bool


class TownshipOut(BaseModel):
    code: str
    county: str
    name_zh: str
    name_en: str


class TownshipIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name_zh: Text
    name_en: Text


class ZoneOut(BaseModel):
    school: str
    code: str
    name: str
    type: str


def schools_out(rows: Sequence[School]) -> list[SchoolOut]:
    return [SchoolOut(**row.model_dump()) for row in rows]


def townships_out(rows: Sequence[Township]) -> list[TownshipOut]:
    return [TownshipOut(**row.model_dump()) for row in rows]


def zones_out(rows: Sequence[Zone]) -> list[ZoneOut]:
    return [ZoneOut(**row.model_dump()) for row in rows]


def wanted(
    township: str | None = None,
    kind: SchoolKind | None = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the code or a name")] = None,
) -> store.SchoolFilter:
    return store.SchoolFilter(township=township, kind=kind, q=q)


@router.get("/schools", responses=LIST_RESPONSES, response_model=ListOf[SchoolOut])
def list_schools(
    _caller: Reader,
    session: SessionDep,
    wanted: Annotated[store.SchoolFilter, Depends(wanted)],
    paging: PagingDep,
) -> ListOf[SchoolOut] | Response:
    """In the order of their codes."""
    return paging.answer(
        lambda after, limit: store.list_schools(session, wanted, after, limit), schools_out, SchoolOut
    )


@router.get("/schools/{school}")
def read_school(_caller: Reader, found: SchoolDep) -> SchoolOut:
    return schools_out([found])[0]


@router.put("/schools/{school}")
def put_school(
    _caller: Writer, session: SessionDep, settings: SettingsDep, now: Now, school: Code, body: SchoolFields
) -> SchoolOut:
    """Adds or replaces a school; a new one gets its first cafeteria."""
    return schools_out([registry.put_school(session, settings, school, body, now=now)])[0]


@router.get("/townships", responses=LIST_RESPONSES, response_model=ListOf[TownshipOut])
def list_townships(_caller: Reader, session: SessionDep, paging: PagingDep) -> ListOf[TownshipOut] | Response:
    """Townships with at least one school that the caller may see."""
    return paging.answer(
        lambda after, limit: store.list_townships(session, after, limit), townships_out, TownshipOut
    )


@router.put("/townships/{township}")
def put_township(
    _caller: CountyWriter,
    session: SessionDep,
    settings: SettingsDep,
    now: Now,
    township: PlaceCode,
    body: TownshipIn,
) -> TownshipOut:
    """Adds or renames a township."""
    row = registry.put_township(session, settings, township, body.name_zh, body.name_en, now=now)
    return townships_out([row])[0]


@router.get("/zones", responses=LIST_RESPONSES, response_model=ListOf[ZoneOut])
def list_zones(
    _caller: Reader, session: SessionDep, paging: PagingDep, school: str | None = None
) -> ListOf[ZoneOut] | Response:
    return paging.answer(
        lambda after, limit: store.list_zones(session, school, after, limit), zones_out, ZoneOut
    )


@router.put("/zones/{school}/{zone}")
def put_zone(
    _caller: Writer, session: SessionDep, now: Now, found: SchoolDep, zone: PlaceCode, body: ZoneFields
) -> ZoneOut:
    """Adds or replaces a zone of a school; the devices in it take its type."""
    return zones_out([registry.put_zone(session, found, zone, body, now=now)])[0]
