"""Escalation policies as people set them up, and the rules that name them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from safety_service.domain.errors import Conflict, Refused
from safety_service.domain.escalation import Step
from safety_service.domain.escalation_reading import read_policy, write_steps
from safety_service.services import rulesets
from safety_service.store import audit, channels, rosters
from safety_service.store import escalations as store
from safety_service.store.tables_escalation import EscalationPolicy


def put(
    session: Session,
    policy_id: str,
    *,
    title: dict[str, str],
    min_severity: str,
    steps: Sequence[Mapping[str, Any]],
    now: datetime,
) -> EscalationPolicy:
    """Makes or replaces a policy; raises Refused with every problem and its field.

    An alert that escalates already keeps the steps with which it began.
    """
    read = read_policy(policy_id, steps, min_severity, "body.steps")
    problems = _unknown_targets(session, read.steps)
    if problems:
        raise Refused("; ".join(f"{where}: {why}" for where, why in problems), problems=problems)
    row = store.find_policy(session, policy_id) or EscalationPolicy(id=policy_id)
    row.title, row.min_severity, row.steps = title, min_severity, write_steps(read.steps)
    session.add(row)
    session.flush()
    audit.record(session, "escalation.put", "escalation", policy_id, now=now, detail=_described(row))
    return row


def delete(session: Session, policy_id: str, *, now: datetime) -> None:
    """Removes a policy; raises Conflict where a rule in force still names it."""
    row = store.get_policy(session, policy_id)
    users = rulesets.rules_escalating_by(session, policy_id)
    if users:
        raise Conflict(f"the escalation is used by rule {', '.join(users)}", slug="in-use")
    audit.record(session, "escalation.delete", "escalation", policy_id, now=now, detail=_described(row))
    session.delete(row)
    session.flush()


def _unknown_targets(session: Session, steps: Sequence[Step]) -> list[tuple[str, str]]:
    problems = []
    known_rosters = rosters.known_ids(session)
    for number, step in enumerate(steps):
        for place, target in enumerate(step.notify):
            where = f"body.steps[{number}].notify[{place}]"
            if target.roster is not None and target.roster not in known_rosters:
                problems.append((f"{where}.roster", f"there is no roster {target.roster!r}"))
            if target.channel is not None and channels.find(session, target.channel) is None:
                problems.append((f"{where}.channel", f"there is no channel {target.channel!r}"))
    return problems


def _described(row: EscalationPolicy) -> dict[str, Any]:
    return {"title": row.title, "min_severity": row.min_severity, "steps": row.steps}
