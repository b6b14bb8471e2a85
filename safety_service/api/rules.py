"""The rules in force, their kinds, and replacing them by a checked file."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from safety_service.api.deps import Now, SessionDep, Wake, require
from safety_service.api.routing import new_router
from safety_service.domain.errors import NotFound
from safety_service.domain.rights import Caller
from safety_service.domain.rules.kinds import RULE_KINDS
from safety_service.services import rulesets
from safety_service.store import rule_states
from safety_service.store.session import after_commit
from safety_service.store.tables import RuleSetVersion

router = new_router("rules")

LONGEST_FILE = 1_000_000


class RuleOut(BaseModel):
    """One rule as it was checked; `definition` is what the file says of it."""

    id: str
    title: dict[str, str]
    kind: str
    version: str
    enabled: bool
    definition: dict[str, Any]


class RulesOut(BaseModel):
    """The rule file in force. `warnings`: allowed, and hardly what was meant."""

    version: int
    created_at: datetime
    created_by: str
    text: str
    rules: list[RuleOut]
    warnings: list[dict[str, str]]


class RulesIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=LONGEST_FILE, description="A rule file (YAML)")


class RuleKindOut(BaseModel):
    kind: str
    parameters: dict[str, Any] = Field(description="JSON Schema of the fields of this kind")


def _shown(session: Session, row: RuleSetVersion) -> RulesOut:
    checked = rulesets.checked(session, row.text)
    rules = [
        RuleOut(
            id=rule.id,
            title=rule.title,
            kind=rule.kind,
            version=rule.version,
            enabled=rule.enabled,
            definition=rule.definition,
        )
        for rule in checked.rules.values()
    ]
    warnings = [{"place": place, "reason": reason} for place, reason in checked.warnings]
    return RulesOut(
        version=row.version,
        created_at=row.created_at,
        created_by=row.created_by,
        text=row.text,
        rules=rules,
        warnings=warnings,
    )


def _in_force(session: Session) -> RuleSetVersion:
    row = rule_states.read_rule_set(session)
    if row is None:
        raise NotFound("no rule file is in force yet; start the pipeline once, or put one")
    return row


@router.get("/rules")
def read_rules(_caller: Annotated[Caller, Depends(require("rules:read"))], session: SessionDep) -> RulesOut:
    return _shown(session, _in_force(session))


@router.put("/rules")
def replace_rules(
    caller: Annotated[Caller, Depends(require("rules:write", county=True))],
    session: SessionDep,
    now: Now,
    wake: Wake,
    body: RulesIn,
) -> RulesOut:
    """Checks the file and puts it in force with the next batch; refused with every problem and its line."""
    after_commit(session, wake)
    return _shown(session, rulesets.replace(session, body.text, by=caller.name, now=now))


@router.get("/rule-kinds")
def list_kinds(_caller: Annotated[Caller, Depends(require("rules:read"))]) -> list[RuleKindOut]:
    return [
        RuleKindOut(kind=name, parameters=kind.params.model_json_schema())
        for name, kind in RULE_KINDS.items()
    ]
