"""What anybody may read about a cafeteria; no model here has a place for a person's name or a note."""

from collections.abc import Mapping
from datetime import date

from pydantic import BaseModel, Field

from safety_service.api.schemas_cafeterias import SignOut, sign_out
from safety_service.api.schemas_inspections import LabelsOut
from safety_service.domain.disclosure import PutRight, State
from safety_service.services.disclosure import Disclosure
from safety_service.store.inspections import Graded

Labels = Mapping[str, Mapping[str, str]]


class PublicGrade(BaseModel):
    """The grade of the last visit. While the sign is withdrawn neither grade nor face is given."""

    visited_on: date
    score: str | None
    grade: str | None
    labels: LabelsOut | None
    icon: str | None
    why: LabelsOut | None = Field(description="Why there is no grade")
    appeal_pending: bool


class PublicAnnual(BaseModel):
    average: str | None
    grade: str | None
    letter: str | None
    visits: int


class PublicProgress(BaseModel):
    """open, overdue (both with `due_on`), reported (to be looked at), put_right (`on`), cancelled."""

    state: State
    due_on: date | None
    on: date | None


class PublicItem(BaseModel):
    """One failed item; `progress` null where it is not public, or nothing was opened for it."""

    code: str | None
    labels: LabelsOut
    key: bool
    progress: PublicProgress | None


class PublicSection(BaseModel):
    labels: LabelsOut
    score: str | None


class PublicVisit(BaseModel):
    visited_on: date
    score: str | None
    grade: str | None
    labels: LabelsOut | None
    icon: str | None
    appeal_pending: bool


class DisclosureOut(BaseModel):
    """A cafeteria as it is published. Parts that the operator has not switched on are null."""

    cafeteria: str
    name_zh: str
    name_en: str
    school_zh: str
    school_en: str
    as_of: date
    grade: PublicGrade | None
    annual: PublicAnnual | None
    sign_withdrawn: SignOut | None
    found: list[PublicItem] | None
    sections: list[PublicSection] | None
    earlier: list[PublicItem] | None
    history: list[PublicVisit] | None


class SignCode(BaseModel):
    """Where the sign's QR code leads, and the code itself as an inline SVG."""

    address: str
    qr_svg: str


def disclosure_out(shown: Disclosure) -> DisclosureOut:
    place, school = shown.place, shown.school
    return DisclosureOut(
        cafeteria=place.id,
        name_zh=place.name_zh,
        name_en=place.name_en,
        school_zh=school.name_zh,
        school_en=school.name_en,
        as_of=shown.as_of,
        grade=_grade(shown),
        annual=_annual(shown),
        sign_withdrawn=sign_out(shown.credit.withdrawn) if shown.credit else None,
        found=None
        if shown.found is None
        else [
            PublicItem(
                code=one.item.code,
                labels=LabelsOut(**one.item.labels),
                key=one.item.key,
                progress=_progress(one.put_right),
            )
            for one in shown.found
        ],
        sections=None
        if shown.sections is None
        else [PublicSection(labels=LabelsOut(**one.labels), score=one.score) for one in shown.sections],
        earlier=None
        if shown.earlier is None
        else [
            PublicItem(
                code=None, labels=LabelsOut(**one.labels), key=one.key, progress=_progress(one.put_right)
            )
            for one in shown.earlier
        ],
        history=None if shown.history is None else [_visit(shown, one) for one in shown.history],
    )


def _grade(shown: Disclosure) -> PublicGrade | None:
    last = shown.last
    if last is None or shown.credit is None:
        return None
    off = shown.credit.withdrawn is not None
    why = last.result["decided_by"]["why"] if last.grade is None else None
    return PublicGrade(
        visited_on=last.visited_on,
        score=None if off else last.score,
        grade=None if off else last.grade,
        labels=None if off else _named(shown.labels, last.grade),
        icon=None if off else last.icon,
        why=LabelsOut(**why) if why and not off else None,
        appeal_pending=shown.appeal_pending,
    )


def _annual(shown: Disclosure) -> PublicAnnual | None:
    annual = shown.credit.annual if shown.credit else {}
    if not annual or (shown.credit and shown.credit.withdrawn):
        return None
    return PublicAnnual(
        average=annual.get("average"),
        grade=annual.get("grade"),
        letter=annual.get("letter"),
        visits=annual.get("counted", 0),
    )


def _progress(found: PutRight | None) -> PublicProgress | None:
    return None if found is None else PublicProgress(state=found.state, due_on=found.due_on, on=found.on)


def _visit(shown: Disclosure, visit: Graded) -> PublicVisit:
    return PublicVisit(
        visited_on=visit.visited_on,
        score=visit.score,
        grade=visit.grade,
        labels=_named(shown.labels, visit.grade),
        icon=visit.icon,
        appeal_pending=visit.id in shown.contested,
    )


def _named(labels: Labels, grade: str | None) -> LabelsOut | None:
    found = labels.get(grade or "")
    return LabelsOut(**found) if found else None
