"""Schemes: what scoring rules there are, and a scoring that is not stored."""

from typing import Annotated, Any

from fastapi import Body, Depends
from pydantic import BaseModel

from safety_service.api.deps import SettingsDep, require
from safety_service.api.routing import new_router
from safety_service.domain.rights import Caller
from safety_service.domain.scoring.book import SchemeBook, pick
from safety_service.domain.scoring.form import score_form
from safety_service.domain.scoring.scheme import Labels, Scheme
from safety_service.services.schemes import known_schemes

router = new_router("schemes")

Reader = Annotated[Caller, Depends(require("inspections:read"))]
Scorer = Annotated[Caller, Depends(require("schemes:score"))]


def get_book(settings: SettingsDep) -> SchemeBook:
    """Every scheme at hand: those that ship, and those of CAMPUS_SCHEMES_DIR."""
    return known_schemes(settings.schemes_dir)


BookDep = Annotated[SchemeBook, Depends(get_book)]


class SchemeLine(BaseModel):
    """One scheme in the list, in its newest version."""

    id: str
    version: str
    title: Labels
    authority: Labels
    source_ref: str
    effective_from: str
    effective_to: str | None
    checklist: bool


class SchemeList(BaseModel):
    items: list[SchemeLine]
    next: str | None = None


@router.get("/schemes")
def list_schemes(_caller: Reader, book: BookDep) -> SchemeList:
    """All schemes by id; there are a handful, so they come as one page."""
    return SchemeList(items=[_line(versions[-1]) for versions in book.values()])


@router.get("/schemes/{scheme}")
def read_scheme(_caller: Reader, book: BookDep, scheme: str) -> Scheme:
    """The whole scheme as data: inputs, measure, bands, overrides and the checklist for the inspector."""
    return pick(book, scheme)


@router.post("/schemes/{scheme}/score")
def score_inputs(
    _caller: Scorer,
    book: BookDep,
    scheme: str,
    body: Annotated[dict[str, Any], Body(examples=[{"date": "2026-09-01", "sections": [9, 9]}])],
) -> dict[str, Any]:
    """The outputs, the intermediate numbers and the rule that decided; nothing is stored."""
    return score_form(pick(book, scheme), body).as_json()


def _line(scheme: Scheme) -> SchemeLine:
    return SchemeLine(
        id=scheme.id,
        version=scheme.version,
        title=scheme.title,
        authority=scheme.authority,
        source_ref=scheme.source_ref,
        effective_from=scheme.effective_from.isoformat(),
        effective_to=scheme.effective_to.isoformat() if scheme.effective_to else None,
        checklist=scheme.checklist is not None,
    )
