"""Figures about inspectors, for the county alone."""

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, Field

from safety_service.api.deps import Now, SessionDep, require
from safety_service.api.routing import new_router
from safety_service.domain.rights import Caller
from safety_service.services import bunching

router = new_router("inspections")

County = Annotated[Caller, Depends(require("audit:read", county=True))]


class BunchingOut(BaseModel):
    """Scores of one inspector within 0.3 of the limits 9.0, 7.5 and 6.0 in the last year.

    `above`: at the limit or up to 0.2 above; `below`: up to 0.3 below. `expected`: the share above that
    colleagues have, a half at least. `by_limit`: limit -> [above, below].
    """

    inspector: str
    visits: int
    above: int
    below: int
    share: float
    expected: float
    chance: float = Field(description="Of so many above or more, if the expected share were this one's too")
    by_limit: dict[str, list[int]]
    noticed: bool = Field(description="Somebody should look; it is no proof of anything")


@router.get("/inspectors/bunching")
def list_bunching(_caller: County, session: SessionDep, now: Now) -> list[BunchingOut]:
    """Of every inspector with 20 visits or more near the limits, the strangest first."""
    return [BunchingOut.model_validate(one, from_attributes=True) for one in bunching.figures(session, now)]
