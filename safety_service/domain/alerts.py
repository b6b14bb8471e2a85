"""The life of an alert: what findings do to its condition, and what people do to its handling.

Nothing given is changed in place; every step answers with the alert as it is afterwards.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from safety_service.domain.errors import Conflict, Refused
from safety_service.domain.flapping import flapping, flapping_mark
from safety_service.domain.rules.model import Rule
from safety_service.domain.types import (
    DISPOSITIONS,
    LIFE_SAFETY_KINDS,
    SEVERITY_RANK,
    Alert,
    AlertChange,
    Change,
    Finding,
    Transition,
)

SYSTEM = "system"
CLOSES_ITSELF = frozenset({"minor", "warning"})
LATE = "late_event"
LONGEST_COMMENT = 4000

AlertKey = tuple[str, tuple[str, ...]]


def apply_findings(
    findings: Sequence[Finding], rules: Mapping[str, Rule], latest: Mapping[AlertKey, Alert]
) -> list[AlertChange]:
    """What a batch of findings does, one AlertChange for each alert touched, in order of the first touch.

    `latest` is the newest alert of each rule and key that has one. Fifty equal findings give one alert with
    count 50 and one transition. A key whose alert ends and starts anew gives two changes.
    """
    changes: list[AlertChange] = []
    open_change: dict[AlertKey, AlertChange] = {}
    for place, finding in enumerate(findings):
        rule = rules.get(finding.rule)
        if rule is None:
            continue
        key = (finding.rule, finding.key)
        so_far = open_change.get(key)
        alert = so_far.alert if so_far is not None else latest.get(key)
        step = apply_finding(finding, rule, alert)
        if step is None:
            continue
        step.order = [place] * len(step.transitions)
        starts = any(transition.change == "raised" for transition in step.transitions)
        if so_far is None or starts:
            open_change[key] = step
            changes.append(step)
        else:
            so_far.alert = step.alert
            so_far.transitions.extend(step.transitions)
            so_far.order.extend(step.order)
    return changes


def apply_finding(finding: Finding, rule: Rule, alert: Alert | None) -> AlertChange | None:
    """What one finding does to the newest alert of its rule and key; None where it does nothing.

    A new alert has id 0. Transitions carry the finding's own time, so batches cut differently tell the same.
    """
    if finding.condition == "resolved":
        return _resolve(finding, rule, alert)
    vital = finding.event is not None and finding.event.kind in LIFE_SAFETY_KINDS
    late = _is_late(finding, alert)
    if late and not vital:
        return AlertChange(alert=_counted(alert)) if alert is not None else None
    if alert is not None and alert.condition == "firing":
        return _repeat(finding, alert)
    if (finding.by_timer or finding.repeats) and not finding.edge:
        return None
    reason = LATE if late else None
    resolved_at = alert.resolved_at if alert is not None else None
    if alert is not None and resolved_at is not None and finding.at - resolved_at <= rule.reopen_within:
        return _reopen(finding, alert, reason)
    return _raise(finding, rule, reason)


def _is_late(finding: Finding, alert: Alert | None) -> bool:
    """Whether it happened before the alert ended; the rule cannot know of an end that a person made."""
    if finding.late or finding.event is None or alert is None or alert.closed_by in (None, SYSTEM):
        return finding.late
    return alert.resolved_at is not None and finding.event.occurred_at < alert.resolved_at


def _raise(finding: Finding, rule: Rule, reason: str | None) -> AlertChange:
    event, subject = finding.event, finding.subject
    about: dict[str, Any] = {"kind": rule.kind}
    if event is not None:
        about = {"kind": event.kind, "device": event.device, "zone": event.zone}
        about["snapshot_url"] = event.snapshot_url
    elif subject is not None:
        about = {"kind": subject.kind, "device": subject.device, "zone": subject.zone}
    alert = Alert(
        id=0,
        rule=rule.id,
        rule_version=rule.version,
        key=finding.key,
        school=finding.key[rule.key.index("school")],
        title=rule.title,
        severity=finding.severity,
        condition="firing",
        raised_at=finding.at,
        last_seen_at=finding.at,
        count=finding.matches,
        detail=_detail(finding),
        **about,
    )
    return _changed(alert, "raised", finding.at, reason=reason, detail=_detail(finding))


def _repeat(finding: Finding, alert: Alert) -> AlertChange | None:
    """A match while it fires: counted, and told only where it is graver than all before."""
    rises = SEVERITY_RANK[finding.severity] > SEVERITY_RANK[alert.severity]
    if finding.event is None and not rises:
        return None
    after = _seen(finding, alert) if finding.event is not None else alert
    if not rises:
        latest = {**alert.detail, **finding.detail}
        return AlertChange(alert=msgspec.structs.replace(after, detail=latest))
    detail = {**alert.detail, **_detail(finding)}
    after = msgspec.structs.replace(after, severity=finding.severity, detail=detail)
    was = {"from": alert.severity, **_detail(finding), **flapping_mark(alert)}
    return _changed(after, "severity_raised", finding.at, detail=was)


def _reopen(finding: Finding, alert: Alert, reason: str | None) -> AlertChange:
    """The same alert again; what people did stays with it, unless it was closed."""
    after = _seen(finding, alert) if finding.event is not None else alert
    told = {**_detail(finding), **flapping(alert, finding.at)}
    after = msgspec.structs.replace(
        after,
        condition="firing",
        severity=finding.severity,
        resolved_at=None,
        detail={**alert.detail, **told},
    )
    if alert.closed_at is not None:
        after = _unclosed(after)
    return _changed(after, "reopened", finding.at, reason=reason, detail=told)


def _resolve(finding: Finding, rule: Rule, alert: Alert | None) -> AlertChange | None:
    if alert is None or alert.condition != "firing":
        return None
    after = msgspec.structs.replace(alert, condition="resolved", resolved_at=finding.at)
    closes = rule.auto_close if rule.auto_close is not None else alert.severity in CLOSES_ITSELF
    if closes:
        after = msgspec.structs.replace(after, closed_at=finding.at, closed_by=SYSTEM, disposition=None)
    reason = finding.detail.get("ended_by")
    return _changed(after, "resolved", finding.at, reason=reason, detail=_detail(finding))


def _seen(finding: Finding, alert: Alert) -> Alert:
    event = finding.event
    snapshot = event.snapshot_url if event is not None and event.snapshot_url else alert.snapshot_url
    return msgspec.structs.replace(
        alert,
        count=alert.count + 1,
        last_seen_at=max(alert.last_seen_at, finding.at),
        snapshot_url=snapshot,
    )


def _counted(alert: Alert) -> Alert:
    return msgspec.structs.replace(alert, count=alert.count + 1)


def _detail(finding: Finding) -> dict[str, Any]:
    """What the finding says, and what its event adds: the words an operator reads beside the title."""
    event = finding.event
    if event is None:
        return finding.detail
    told = dict(finding.detail)
    if event.value is not None:
        told.setdefault("value", event.value)
    if event.unit is not None:
        told["unit"] = event.unit
    return told | ({"attributes": event.attributes} if event.attributes else {})


def acknowledge(alert: Alert, by: str, now: datetime, comment: str | None = None) -> AlertChange:
    """Somebody takes charge. Raises Conflict where it is closed, or in somebody's charge already."""
    _must_be_open(alert, "acknowledged")
    if alert.acknowledged_at is not None:
        raise Conflict(f"already acknowledged by {alert.acknowledged_by}", slug="already-acknowledged")
    after = msgspec.structs.replace(alert, acknowledged_at=now, acknowledged_by=by)
    return _changed(after, "acknowledged", now, actor=by, comment=_optional(comment))


def assign(alert: Alert, to: str, by: str, now: datetime, comment: str | None = None) -> AlertChange:
    """Somebody is asked to handle it. Raises Conflict for a closed alert, Refused without a name."""
    _must_be_open(alert, "assigned")
    if not to.strip():
        raise Refused("name whom to assign it to", place="assignee")
    if alert.assignee == to:
        raise Conflict(f"already assigned to {to}", slug="already-assigned")
    after = msgspec.structs.replace(alert, assignee=to)
    detail = {"from": alert.assignee, "to": to}
    return _changed(after, "assigned", now, actor=by, comment=_optional(comment), detail=detail)


def comment(alert: Alert, text: str, by: str, now: datetime) -> AlertChange:
    """A remark, at any time. Raises Refused for an empty or an endless one."""
    if not text.strip():
        raise Refused("the comment is empty", place="comment")
    return _changed(alert, "commented", now, actor=by, comment=_optional(text))


def close(
    alert: Alert,
    disposition: str,
    by: str,
    now: datetime,
    comment: str | None = None,
    evidence: Sequence[str] = (),
) -> AlertChange:
    """The last word of a person; what still fires counts as resolved with it, in the same transition.

    Raises Refused for an unknown disposition, Conflict for a closed alert.
    """
    if disposition not in DISPOSITIONS:
        raise Refused(f"{disposition!r} is not one of {', '.join(DISPOSITIONS)}", place="disposition")
    _must_be_open(alert, "closed")
    detail: dict[str, Any] = {"disposition": disposition}
    if evidence:
        detail["evidence"] = list(evidence)
    after = msgspec.structs.replace(alert, closed_at=now, closed_by=by, disposition=disposition)
    if alert.condition == "firing":
        detail["was_firing"] = True
        after = msgspec.structs.replace(after, condition="resolved", resolved_at=now)
    return _changed(after, "closed", now, actor=by, comment=_optional(comment), detail=detail)


def reopen(alert: Alert, by: str, now: datetime, comment: str | None = None) -> AlertChange:
    """A person takes the close back; the condition stays what it is. Raises Conflict if it is not closed."""
    if alert.closed_at is None:
        raise Conflict("the alert is not closed", slug="not-closed")
    detail = {"disposition": alert.disposition, "closed_by": alert.closed_by}
    after = _unclosed(alert)
    return _changed(after, "reopened", now, actor=by, comment=_optional(comment), detail=detail)


def _must_be_open(alert: Alert, done: str) -> None:
    if alert.closed_at is not None:
        raise Conflict(f"a closed alert cannot be {done}; reopen it first", slug="alert-closed")


def _optional(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    if len(text) > LONGEST_COMMENT:
        raise Refused(f"is longer than {LONGEST_COMMENT} characters", place="comment")
    return text.strip()


def _unclosed(alert: Alert) -> Alert:
    return msgspec.structs.replace(
        alert,
        closed_at=None,
        closed_by=None,
        disposition=None,
        acknowledged_at=None,
        acknowledged_by=None,
    )


def _changed(
    alert: Alert,
    change: Change,
    at: datetime,
    *,
    actor: str = SYSTEM,
    reason: str | None = None,
    comment: str | None = None,
    detail: dict[str, Any] | None = None,
) -> AlertChange:
    transition = Transition(
        change=change,
        at=at,
        severity=alert.severity,
        condition=alert.condition,
        actor=actor,
        reason=reason,
        comment=comment,
        detail=detail or {},
    )
    return AlertChange(alert=alert, transitions=[transition])
