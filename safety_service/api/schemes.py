"""Schemes: what scoring rules there are, and a scoring that is not stored."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Body, Depends, Query
from pydantic import BaseModel

from safety_service.api.deps import SettingsDep, require
from safety_service.api.routing import new_router
from safety_service.domain.rights import Caller
from safety_service.domain.scoring.book import SchemeBook, pick_for, pick_version
from safety_service.domain.scoring.fields import Labels
from safety_service.domain.scoring.form import score_form
from safety_service.domain.scoring.scheme import Scheme
from safety_service.services.schemes import known_schemes

router = new_router("schemes")

Reader = Annotated[Caller, Depends(require("inspections:read"))]
Scorer = Annotated[Caller, Depends(require("schemes:score"))]


def get_book(settings: SettingsDep) -> SchemeBook:
    """Every scheme at hand: those that ship, and those of CAMPUS_SCHEMES_DIR."""
    return known_schemes(settings.own_schemes)


BookDep = Annotated[SchemeBook, Depends(get_book)]


class SchemeLine(BaseModel):
    """One scheme in the list, in its newest version; `scores` one visit or a whole year."""

    id: str
    version: str
    versions: list[str]
    scores: str
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
    return SchemeList(items=[_line(versions) for versions in book.values()])


@router.get("/schemes/{scheme}")
def read_scheme(
    _caller: Reader,
    book: BookDep,
    scheme: str,
    version: Annotated[str | None, Query(description="An older version; the newest if not given")] = None,
) -> Scheme:
    """The whole scheme as data: inputs, measure, bands, overrides and the checklist for the inspector."""
    return pick_version(book, scheme, version)


@router.post("/schemes/{scheme}/score")
def score_inputs(
    _caller: Scorer,
    book: BookDep,
    scheme: str,
    body: Annotated[dict[str, Any], Body(examples=[{"date": "2026-09-01", "sections": [9, 9]}])],
) -> dict[str, Any]:
    """The outputs, the intermediate numbers and the rule that decided; nothing is stored.

    Scored under the version in force on the day that the inputs name.
    """
    return score_form(pick_for(book, scheme, body), body).as_json()


def _line(versions: Sequence[Scheme]) -> SchemeLine:
    scheme = versions[-1]
    return SchemeLine(
        id=scheme.id,
        version=scheme.version,
        versions=[one.version for one in versions],
        scores=scheme.scores,
        title=scheme.title,
        authority=scheme.authority,
        source_ref=scheme.source_ref,
        effective_from=scheme.effective_from.isoformat(),
        effective_to=scheme.effective_to.isoformat() if scheme.effective_to else None,
        checklist=scheme.checklist is not None,
    )
