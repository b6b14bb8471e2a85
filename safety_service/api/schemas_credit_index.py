"""The credit index as the API shows it: each part with its facts, each fact with the address behind it."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from pydantic import BaseModel, Field

from safety_service.api.schemas_inspections import LabelsOut
from safety_service.domain.credit_facts import Cost
from safety_service.domain.credit_index import Index, Lost, Part
from safety_service.domain.credit_weights import CreditWeights
from safety_service.domain.shares import hundredths
from safety_service.services.view_figures import link
from safety_service.store.credit_index import OfDay
from safety_service.store.tables_cafeteria import Cafeteria
from safety_service.store.tables_credit_index import CreditIndexDay

_DECAY_PLACES = Decimal("0.0001")


class FactOut(BaseModel):
    """`what`: inspection, alert, duty or rectification; `state` what was made of it, or its score.

    `decay`: how much of it still counts. `lost`: the points that the index is lower by it. `list`: the fact.
    """

    what: str
    id: int | str
    date: date
    title: LabelsOut | None
    state: str
    decay: str
    lost: str
    list: str


class PartOut(BaseModel):
    """`points` of `of`, the most it can give; `of` less every `lost` of its facts is exactly `points`.

    Without `observed` the part gives and takes nothing, and the others share its `weight`. `capped`: its
    facts would have cost more. `mean`: of the scores, each with its decay. `left_out` counts by reason what
    costs nothing, such as false alarms.
    """

    id: str
    title: LabelsOut
    weight: str
    half_life_days: int
    window_days: int
    observed: bool
    of: str
    points: str
    capped: bool
    mean: str | None
    left_out: dict[str, int]
    facts: list[FactOut] = Field(description="Newest first")


class DayOut(BaseModel):
    day: date
    index: str | None


class CreditIndexOut(BaseModel):
    """Where to look first, from 0 to 100: the sum of the points of its parts. No official grade.

    `index` is null where the cafeteria has not been inspected. `version` is that of the weights.
    """

    cafeteria: str
    title: LabelsOut
    as_of: date
    version: str
    index: str | None
    parts: list[PartOut]
    trend: list[DayOut] = Field(description="As it was kept on past days, oldest first")


class CreditIndexLine(BaseModel):
    """One cafeteria on one day as it was kept; `parts` are the points by component."""

    cafeteria: str
    school: str
    name_zh: str
    name_en: str
    day: date
    index: str | None
    version: str
    parts: dict[str, str]


def credit_index_out(
    place: Cafeteria, weights: CreditWeights, index: Index, trend: Sequence[OfDay]
) -> CreditIndexOut:
    return CreditIndexOut(
        cafeteria=place.id,
        title=LabelsOut(zh=weights.title.zh, en=weights.title.en),
        as_of=index.as_of,
        version=index.version,
        index=None if index.value is None else str(index.value),
        parts=[_part(place, part) for part in index.parts],
        trend=days_out(trend),
    )


def days_out(trend: Sequence[OfDay]) -> list[DayOut]:
    return [DayOut(day=one.day, index=one.value) for one in trend]


def lines_out(rows: Sequence[CreditIndexDay], names: dict[str, tuple[str, str]]) -> list[CreditIndexLine]:
    return [
        CreditIndexLine(
            cafeteria=row.cafeteria,
            school=row.school,
            name_zh=names[row.cafeteria][0],
            name_en=names[row.cafeteria][1],
            day=row.day,
            index=row.value,
            version=row.version,
            parts=row.parts,
        )
        for row in rows
    ]


def _part(place: Cafeteria, part: Part) -> PartOut:
    component, weighed = part.component, part.weighed
    mean = weighed.steps.get("mean") if weighed else None
    return PartOut(
        id=component.id,
        title=LabelsOut(zh=component.title.zh, en=component.title.en),
        weight=str(component.weight),
        half_life_days=component.half_life_days,
        window_days=component.window_days,
        observed=weighed is not None,
        of=str(part.of),
        points=str(part.points),
        capped=part.capped,
        mean=None if mean is None else str(hundredths(Decimal(mean))),
        left_out=weighed.left_out if weighed else {},
        facts=[_fact(place, lost) for lost in part.facts],
    )


def _fact(place: Cafeteria, lost: Lost) -> FactOut:
    fact = lost.fact
    return FactOut(
        what=fact.what,
        id=fact.id,
        date=fact.on,
        title=LabelsOut(zh=fact.title["zh"], en=fact.title["en"]) if fact.title else None,
        state=fact.state,
        decay=str(fact.decay.quantize(_DECAY_PLACES)),
        lost=str(lost.points),
        list=_address(place, fact),
    )


def _address(place: Cafeteria, fact: Cost) -> str:
    if fact.what == "inspection":
        return link(f"cafeterias/{place.id}/inspections/{fact.id}", {})
    if fact.due_at is not None:
        until = fact.due_at + timedelta(seconds=1)
        return link("duties/due", {"school": place.school, "from": fact.due_at, "to": until})
    return link(f"{fact.what}s/{fact.id}", {})
