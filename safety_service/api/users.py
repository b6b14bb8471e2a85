"""Users: who may do what, for which schools."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Depends, Path, Response
from pydantic import AwareDatetime, BaseModel, Field

from safety_service.api.deps import Now, SessionDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_people import GrantIn
from safety_service.domain.registry import OptionalText
from safety_service.domain.rights import Caller, Role
from safety_service.services import people
from safety_service.store import users as store
from safety_service.store.tables_people import User

router = new_router("users")

Admin = Annotated[Caller, Depends(require("people:write"))]
UserName = Annotated[str, Path(max_length=64)]


class NewUserIn(GrantIn):
    role: Role
    name: str = Field(pattern=r"^[\w.@-]{1,64}$", description="Letters, digits and . _ - @")
    display_name: OptionalText = None
    password: str = Field(max_length=200, description="At least 10 characters")


class UserIn(GrantIn):
    """Replaces what is stored; without `password` the old one stays."""

    role: Role
    display_name: OptionalText = None
    active: bool = True
    password: str | None = Field(default=None, max_length=200)


class UserOut(BaseModel):
    name: str
    display_name: str
    role: str
    every_school: bool
    schools: list[str]
    active: bool
    created_at: AwareDatetime
    updated_at: AwareDatetime


class Shapes:
    """Turns rows into answers, with the schools of all of them read at once."""

    def __init__(self, session: SessionDep) -> None:
        self._session = session

    def __call__(self, rows: Sequence[User]) -> list[UserOut]:
        schools = store.schools_of(self._session, [row.name for row in rows])
        return [
            UserOut(**row.model_dump(exclude={"password_hash"}), schools=schools.get(row.name, []))
            for row in rows
        ]


ShapesDep = Annotated[Callable[[Sequence[User]], list[UserOut]], Depends(Shapes)]


@router.get("/users", responses=LIST_RESPONSES, response_model=ListOf[UserOut])
def list_users(
    _caller: Admin, session: SessionDep, shapes: ShapesDep, paging: PagingDep
) -> ListOf[UserOut] | Response:
    """In the order of their names; inactive ones too."""
    return paging.answer(lambda after, limit: store.list_users(session, after, limit), shapes, UserOut)


@router.post("/users", status_code=201)
def create_user(_caller: Admin, session: SessionDep, now: Now, shapes: ShapesDep, body: NewUserIn) -> UserOut:
    user = people.create_user(
        session, body.name, body.password, body.grant(), now=now, display_name=body.display_name
    )
    return shapes([user])[0]


@router.get("/users/{name}")
def read_user(_caller: Admin, session: SessionDep, shapes: ShapesDep, name: UserName) -> UserOut:
    return shapes([people.get_user(session, name)])[0]


@router.put("/users/{name}")
def change_user(
    _caller: Admin, session: SessionDep, now: Now, shapes: ShapesDep, name: UserName, body: UserIn
) -> UserOut:
    """Replaces role, schools and state. Every session of the user ends."""
    user = people.change_user(
        session,
        name,
        body.grant(),
        now=now,
        active=body.active,
        display_name=body.display_name,
        password=body.password,
    )
    return shapes([user])[0]


@router.delete("/users/{name}", status_code=204)
def deactivate_user(_caller: Admin, session: SessionDep, now: Now, name: UserName) -> None:
    """Nobody is deleted: the user can no longer log in, the trail keeps the name."""
    people.deactivate_user(session, name, now)
