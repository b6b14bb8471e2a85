"""The credit index of cafeterias: now with every fact behind it, and as it was kept on each day."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Depends, Query, Response

from safety_service.api.cafeterias import CafeteriaDep, Reader
from safety_service.api.deps import Now, SessionDep, SettingsDep
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_credit_index import (
    CreditIndexLine,
    CreditIndexOut,
    credit_index_out,
    lines_out,
)
from safety_service.domain.credit_weights import CreditWeights
from safety_service.services import credit_index
from safety_service.services.periods import known_credit_weights
from safety_service.store import credit_index as store

router = new_router("cafeterias")


def weights(settings: SettingsDep) -> CreditWeights:
    return known_credit_weights(settings.credit_index_file)


def moment(now: Now, settings: SettingsDep) -> credit_index.Moment:
    return credit_index.Moment(now, settings.timezone)


WeightsDep = Annotated[CreditWeights, Depends(weights)]
MomentDep = Annotated[credit_index.Moment, Depends(moment)]


@router.get("/cafeterias/{cafeteria}/credit-index")
def read_credit_index(
    _caller: Reader,
    session: SessionDep,
    row: CafeteriaDep,
    weights: WeightsDep,
    at: MomentDep,
    days: Annotated[int, Query(ge=0, le=1100, description="Days of the trend")] = 90,
) -> CreditIndexOut:
    """Where to look first: a hundred less what the facts cost, and each of these facts. No official grade."""
    index = credit_index.index_of(session, row, weights, at)
    trend = store.course(session, row.id, at.today - timedelta(days=days), at.today)
    return credit_index_out(row, weights, index, trend)


@router.get("/credit-indexes", responses=LIST_RESPONSES, response_model=ListOf[CreditIndexLine])
def list_credit_indexes(
    _caller: Reader,
    session: SessionDep,
    at: MomentDep,
    paging: PagingDep,
    day: Annotated[date | None, Query(description="The last day that was reckoned, if not given")] = None,
    township: str | None = None,
) -> ListOf[CreditIndexLine] | Response:
    """The indexes of one day as they were kept, by cafeteria."""
    wanted = day or store.newest_day(session) or at.today
    return paging.answer(
        lambda after, limit: store.list_page(session, wanted, township, after, limit),
        lambda rows: lines_out(rows, store.names(session, [row.cafeteria for row in rows])),
        CreditIndexLine,
    )
