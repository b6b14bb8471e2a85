"""Escalation policies: who is told next while nobody acknowledges."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from safety_service.api.deps import Now, SessionDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_rosters import Strict, TitleIn
from safety_service.domain.rights import Caller
from safety_service.domain.types import Severity
from safety_service.services import escalations
from safety_service.store import escalations as store
from safety_service.store.tables_escalation import EscalationPolicy

router = new_router("escalations")

PolicyId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Reader = Annotated[Caller, Depends(require("rules:read"))]
Writer = Annotated[Caller, Depends(require("rules:write", county=True))]


class TargetIn(Strict):
    """Either whoever is on duty by a roster, or a channel."""

    roster: str | None = None
    channel: str | None = None


class RepeatIn(Strict):
    every: str = Field(examples=["10m"])
    times: int


class StepIn(Strict):
    """`after` is counted from the raise: each step later than the one before it."""

    after: str = Field(examples=["5m"])
    notify: list[TargetIn] = Field(max_length=20)
    repeat: RepeatIn | None = None


class PolicyIn(Strict):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "title": {"zh": "夜间升级", "en": "Night"},
                "min_severity": "major",
                "steps": [
                    {"after": "5m", "notify": [{"roster": "duty"}], "repeat": {"every": "10m", "times": 3}},
                    {"after": "20m", "notify": [{"channel": "county"}]},
                ],
            }
        },
    )

    title: TitleIn
    min_severity: Severity = "warning"
    steps: list[StepIn] = Field(max_length=100)


class TargetOut(BaseModel):
    roster: str | None = None
    channel: str | None = None


class RepeatOut(BaseModel):
    every: str
    times: int


class StepOut(BaseModel):
    after: str
    notify: list[TargetOut]
    repeat: RepeatOut | None


class PolicyOut(BaseModel):
    id: str
    title: dict[str, str]
    min_severity: Severity
    steps: list[StepOut]


def policy_out(row: EscalationPolicy) -> PolicyOut:
    return PolicyOut.model_validate(row, from_attributes=True)


def policies_out(rows: Sequence[EscalationPolicy]) -> list[PolicyOut]:
    return [policy_out(row) for row in rows]


@router.get("/escalations", responses=LIST_RESPONSES, response_model=ListOf[PolicyOut])
def list_escalations(_caller: Reader, session: SessionDep, paging: PagingDep) -> ListOf[PolicyOut] | Response:
    """By id; the same for every school, like the rules that name them."""
    return paging.answer(
        lambda after, limit: store.list_policies(session, after, limit), policies_out, PolicyOut
    )


@router.get("/escalations/{policy_id}")
def read_escalation(_caller: Reader, session: SessionDep, policy_id: PolicyId) -> PolicyOut:
    return policy_out(store.get_policy(session, policy_id))


@router.put("/escalations/{policy_id}")
def put_escalation(
    _caller: Writer, session: SessionDep, now: Now, policy_id: PolicyId, body: PolicyIn
) -> PolicyOut:
    """Makes or replaces a policy; an alert that escalates already keeps the steps with which it began."""
    asked = body.model_dump()
    fields = {name: asked[name] for name in ("title", "min_severity", "steps")}
    return policy_out(escalations.put(session, policy_id, now=now, **fields))


@router.delete("/escalations/{policy_id}", status_code=204)
def delete_escalation(_caller: Writer, session: SessionDep, now: Now, policy_id: PolicyId) -> None:
    """Refused while a rule in force names it."""
    escalations.delete(session, policy_id, now=now)
