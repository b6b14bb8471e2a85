"""Rule kind `overdue`: something owed was not done by its due time; graver the later it is.

A due time is an instant and not a length, so a downtime neither moves it nor starts it afresh. What is owed
is kept by those who owe it: of an obligation that raised nothing there is no row.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
from pydantic import Field, model_validator

from safety_service.domain.obligations import OVERDUE_KIND, Obligation, Of, as_event
from safety_service.domain.rules.durations import Duration
from safety_service.domain.rules.matching import Matcher, compile_match, did_you_mean
from safety_service.domain.rules.model import Rule, SeverityName, Strict
from safety_service.domain.rules.plan import Deafness, Key, Plan, RuleKind, Step
from safety_service.domain.types import SEVERITY_RANK, Event, Severity, Subject

MATCHED = ("school", "zone", "device", "severity_hint", "attributes.type", "attributes.subject")
NOT_LATE = timedelta(0)


class Level(Strict):
    severity: SeverityName
    late_by: Duration = NOT_LATE


class Params(Strict):
    """`severity` holds from the due time on, unless the obligation has one of its own; `raise` comes later.

    Without `severity`, one without its own raises nothing before the first level.
    """

    of: Of
    severity: SeverityName | None = None
    levels: list[Level] = Field(alias="raise", default_factory=list)

    @model_validator(mode="after")
    def _rising(self) -> "Params":
        steps = [Level(severity=self.severity)] if self.severity is not None else []
        steps += sorted(self.levels, key=lambda level: level.late_by)
        if not steps:
            raise ValueError("needs a severity, or raise with one level at least")
        for one, later in pairwise(steps):
            if SEVERITY_RANK[later.severity] <= SEVERITY_RANK[one.severity]:
                raise ValueError(f"being later is graver: {later.severity} follows {one.severity}")
            if later.late_by == one.late_by:
                raise ValueError("two levels come at the same time")
        return self


class OverdueState(msgspec.Struct, tag="overdue", forbid_unknown_fields=True, omit_defaults=True):
    """`severity` None: not late yet. `known_at`: nothing is raised of a time before it was known.

    `over_at`: it is owed no longer, or not yet again; what fires is to be resolved then.
    """

    due_at: datetime
    known_at: datetime | None = None
    own: Severity | None = None
    severity: Severity | None = None
    subject: str | None = None
    detail: dict[str, Any] = {}
    over_at: datetime | None = None


def prepare(rule: Rule) -> Matcher:
    return compile_match(rule.match)


def is_stored(_plan: Plan, state: OverdueState) -> bool:
    return state.severity is not None


def levels_of(plan: Plan, state: OverdueState) -> list[tuple[Severity, timedelta]]:
    """The severities to come with how late each is, those that would not be graver left out."""
    first: Severity | None = state.own or plan.params.severity
    found = [(first, NOT_LATE)] if first is not None else []
    for level in sorted(plan.params.levels, key=lambda level: level.late_by):
        if not found or SEVERITY_RANK[level.severity] > SEVERITY_RANK[found[-1][0]]:
            found.append((level.severity, level.late_by))
    return found


def owe(plan: Plan, state: OverdueState | None, owed: Obligation, key: Key, now: datetime) -> Step | None:
    """The obligation as it stands now; None where the rule neither watches nor watched it."""
    if not owed.is_open or not plan.compiled(as_event(owed)):
        return _over(plan, state, owed, key, now) if state is not None else None
    before = state.severity if state is not None else None
    after = OverdueState(
        due_at=owed.due_at,
        own=owed.severity,
        severity=before,
        known_at=now,
        subject=owed.subject,
        detail=_detail(owed),
    )
    if before is not None and owed.due_at > now:
        # More time was given: it is not late any more.
        after.severity = None
        detail = {"due_at": owed.due_at.isoformat()}
        return Step(after, plan.finding(key, "resolved", before, now, subject=_subject(after), detail=detail))
    return Step(after, changed=before is not None)


def restored(state: OverdueState | None, owed: Obligation) -> OverdueState:
    """An open obligation after a restart, with what is remembered of it."""
    before = state.severity if state is not None else None
    return OverdueState(
        due_at=owed.due_at, own=owed.severity, severity=before, subject=owed.subject, detail=_detail(owed)
    )


def _over(plan: Plan, state: OverdueState, owed: Obligation, key: Key, now: datetime) -> Step:
    if state.severity is None:
        return Step(None, changed=False)
    detail: dict[str, Any] = {"cancelled": True}
    if owed.done_at is not None:
        detail = {"done_at": owed.done_at.isoformat()}
    over = plan.finding(key, "resolved", state.severity, now, subject=_subject(state), detail=detail)
    return Step(None, over)


def observe(_plan: Plan, _state: OverdueState | None, _event: Event, _now: datetime) -> Step | None:
    """No event is asked: what is owed comes by `owe`."""
    return None


def fire(plan: Plan, state: OverdueState, key: Key, at: datetime) -> Step:
    """It is late, or later than before; or it is owed no longer, or not yet again."""
    if state.over_at is not None:
        found = plan.finding(key, "resolved", state.severity or "warning", at, subject=_subject(state))
        if state.due_at <= at:
            return Step(None, found)
        state.severity = state.over_at = None
        return Step(state, found)
    edge = state.severity is None
    for severity, late_by in levels_of(plan, state):
        if state.due_at + late_by <= at and _is_graver(severity, state.severity):
            state.severity = severity
    assert state.severity is not None
    detail = {**state.detail, "late_by": (at - state.due_at).total_seconds()}
    found = plan.finding(key, "firing", state.severity, at, edge=edge, subject=_subject(state), detail=detail)
    return Step(state, found)


def due(plan: Plan, state: OverdueState, key: Key) -> datetime | None:
    if state.over_at is not None:
        return state.over_at
    for severity, late_by in levels_of(plan, state):
        if _is_graver(severity, state.severity):
            late = state.due_at + late_by
            return plan.opening(key, late if state.known_at is None else max(late, state.known_at))
    return None


def deafen(_plan: Plan, _state: OverdueState, _deaf: Deafness) -> bool:
    return False


def check(match: dict[str, Any], _params: Params) -> tuple[list[Any], list[Any]]:
    problems = [
        (("match", name), f"what is owed is matched by {', '.join(MATCHED)}{did_you_mean(name, MATCHED)}")
        for name in match
        if name not in MATCHED
    ]
    return problems, []


def _is_graver(severity: Severity, than: Severity | None) -> bool:
    return than is None or SEVERITY_RANK[severity] > SEVERITY_RANK[than]


def _subject(state: OverdueState) -> Subject:
    return Subject(OVERDUE_KIND, state.subject)


def _detail(owed: Obligation) -> dict[str, Any]:
    return {
        "of": owed.of,
        "obligation": owed.id,
        "type": owed.type,
        "title": owed.title,
        "due_at": owed.due_at.isoformat(),
    }


KIND = RuleKind(
    params=Params,
    state=OverdueState,
    observe=observe,
    fire=fire,
    due=due,
    deafen=deafen,
    prepare=prepare,
    check=check,
    is_stored=is_stored,
    kinds_of=lambda _rule: [],
    identity="event_id",
)
