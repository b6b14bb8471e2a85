"""API keys: credentials of machines, shown once."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Depends, Response
from pydantic import AwareDatetime, BaseModel, Field

from safety_service.api.deps import Now, RowId, SessionDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_people import GrantIn
from safety_service.domain.rights import Caller
from safety_service.services import people
from safety_service.store import api_keys as store
from safety_service.store.tables_people import ApiKey

router = new_router("api keys")

Admin = Annotated[Caller, Depends(require("people:write"))]


class NewKeyIn(GrantIn):
    name: str = Field(pattern=r"^[\w.@-]{1,64}$")
    expires_at: AwareDatetime | None = None


class ApiKeyOut(BaseModel):
    """`prefix` is the beginning of the key, to tell one from another."""

    id: int
    name: str
    prefix: str
    role: str
    every_school: bool
    schools: list[str]
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None


class NewKeyOut(ApiKeyOut):
    key: str = Field(description="Send it in X-API-Key. It is shown here and never again")


class Shapes:
    """Turns rows into answers, with the schools of all of them read at once."""

    def __init__(self, session: SessionDep) -> None:
        self._session = session

    def __call__(self, rows: Sequence[ApiKey]) -> list[ApiKeyOut]:
        schools = store.schools_of(self._session, [row.id for row in rows])
        return [
            ApiKeyOut(**row.model_dump(exclude={"key_hash"}), schools=schools.get(row.id, [])) for row in rows
        ]


ShapesDep = Annotated[Callable[[Sequence[ApiKey]], list[ApiKeyOut]], Depends(Shapes)]


@router.get("/api-keys", responses=LIST_RESPONSES, response_model=ListOf[ApiKeyOut])
def list_keys(
    _caller: Admin, session: SessionDep, shapes: ShapesDep, paging: PagingDep
) -> ListOf[ApiKeyOut] | Response:
    """In the order they were made; revoked ones too."""
    return paging.answer(lambda after, limit: store.list_keys(session, after, limit), shapes, ApiKeyOut)


@router.post("/api-keys", status_code=201)
def create_key(
    _caller: Admin, session: SessionDep, now: Now, shapes: ShapesDep, response: Response, body: NewKeyIn
) -> NewKeyOut:
    """A new key. The answer is not kept: a repeat with the same Idempotency-Key is a 409, no second key."""
    row, key = people.create_key(session, body.name, body.grant(), now=now, expires_at=body.expires_at)
    response.headers["Cache-Control"] = "no-store"
    return NewKeyOut(**shapes([row])[0].model_dump(), key=key)


@router.delete("/api-keys/{key_id}", status_code=204)
def revoke_key(_caller: Admin, session: SessionDep, now: Now, key_id: RowId) -> None:
    """The key stops working at once; its row stays."""
    people.revoke_key(session, key_id, now)
