"""Why an alert is there, as the API shows it."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from safety_service.api.notifications import NotificationOut, notifications_out
from safety_service.api.schemas_alerts import AlertOut, alert_out
from safety_service.domain.explaining import Grounds
from safety_service.domain.rules.durations import show_duration
from safety_service.domain.types import Change, Severity
from safety_service.services.explaining import Explanation
from safety_service.store.tables import StoredAlert

_DURATIONS = ("lasting", "window", "silent_for", "late_by")


class RuleBehindOut(BaseModel):
    """The version that raised the alert; `definition` is null where no stored rule file has it any more.

    `rule_set` is the number of that file. `version_now`: of the rule of this id in force, null where it is
    gone; `unchanged`: it still is the one that raised the alert.
    """

    id: str
    title: dict[str, str]
    kind: str | None
    version: str
    definition: dict[str, Any] | None
    rule_set: int | None
    version_now: str | None
    unchanged: bool


class DecisionOut(BaseModel):
    """What decided one step of a rule; what its kind knows nothing of is null. Durations as in rule files.

    `value` against `limits` had held for `lasting`, so since `since` or earlier; `matches` against
    `at_least` in `window`; silent from `silent_since` on against `silent_for`; from `before` to `value`
    against `falls_by` or `rises_by`; the kinds `parts` within `window`; what is `owed` was due at `due_at`
    and is late by `late_by`.
    """

    transition: int
    change: Change
    at: datetime
    severity: Severity
    reason: str | None
    value: float | None
    unit: str | None
    limits: dict[str, float] | None
    lasting: str | None
    since: datetime | None
    matches: int | None
    at_least: int | None
    distinct: str | None
    window: str | None
    silent_since: datetime | None
    silent_for: str | None
    before: float | None
    falls_by: float | None
    rises_by: float | None
    parts: list[str] | None
    owed: dict[str, str] | None
    due_at: datetime | None
    late_by: str | None


class EventBehindOut(BaseModel):
    """An event of the alert's kind and key, from shortly before the last decision."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    device: str
    zone: str | None
    kind: str
    phase: str
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    value: float | None
    unit: str | None
    snapshot_url: str | None


class EventsBehindOut(BaseModel):
    """At most 20, newest first; empty once retention has removed them. `list`: the log around them."""

    items: list[EventBehindOut]
    list: str | None


class ReasonOut(BaseModel):
    """A step of the history that says why it was made, or why nobody was told of it."""

    transition: int
    change: Change
    at: datetime
    actor: str
    reason: str


class SuppressionOut(BaseModel):
    """What kept the alert from being told, if anything did.

    `suppressed_by`: now; `reasons`: of the steps, oldest first; `may_inhibit`: what the rule names.
    """

    suppressed_by: str | None
    reasons: list[ReasonOut]
    may_inhibit: list[dict[str, Any]]


class ToldOut(BaseModel):
    """Who was told: the newest 100 notifications, and how many of all are in each state."""

    by_state: dict[str, int]
    items: list[NotificationOut]
    list: str


class WhyOut(BaseModel):
    """`summary` says it in one sentence; `decisions` oldest first, the last one is what it says."""

    summary: dict[str, str]
    rule: RuleBehindOut
    decisions: list[DecisionOut]
    suppression: SuppressionOut
    events: EventsBehindOut
    told: ToldOut


class ExplainedAlertOut(AlertOut):
    """An alert, and why it is there."""

    why: WhyOut


def explained_out(alert: StoredAlert, found: Explanation) -> ExplainedAlertOut:
    rule = found.rule
    why = WhyOut(
        summary=found.summary,
        rule=RuleBehindOut(
            id=alert.rule,
            title=alert.title,
            kind=rule.kind,
            version=alert.rule_version,
            definition=rule.definition,
            rule_set=rule.rule_set,
            version_now=rule.version_now,
            unchanged=rule.version_now == alert.rule_version,
        ),
        decisions=[_decision(one) for one in found.decisions],
        suppression=_suppression(alert, found),
        events=EventsBehindOut(
            items=[EventBehindOut.model_validate(row) for row in found.events], list=found.events_list
        ),
        told=ToldOut(
            by_state=found.told.by_state, items=notifications_out(found.told.newest), list=found.told.list
        ),
    )
    return ExplainedAlertOut(**dict(alert_out(alert)), why=why)


def _decision(grounds: Grounds) -> DecisionOut:
    fields = {name: getattr(grounds, name) for name in DecisionOut.model_fields}
    for name in _DURATIONS:
        fields[name] = None if fields[name] is None else show_duration(fields[name])
    return DecisionOut(**fields)


def _suppression(alert: StoredAlert, found: Explanation) -> SuppressionOut:
    reasons = [
        ReasonOut(
            transition=step.number, change=step.change, at=step.at, actor=step.actor, reason=step.reason
        )
        for step in found.steps
        if step.reason is not None
    ]
    may_inhibit = (found.rule.definition or {}).get("inhibited_by") or []
    return SuppressionOut(suppressed_by=alert.suppressed_by, reasons=reasons, may_inhibit=may_inhibit)
