"""The rule file in force: from the database, seeded with the built-in set."""

from datetime import datetime
from importlib import resources
from pathlib import Path

import structlog
from sqlmodel import Session

from safety_service.domain.calendars import BUILT_IN as BUILT_IN_CALENDARS
from safety_service.domain.calendars import Calendar, read_calendar
from safety_service.domain.errors import Refused
from safety_service.domain.rules.loading import RuleSet, load_rules
from safety_service.store import audit, calendars, escalations, rule_states
from safety_service.store.tables import RuleSetVersion

log = structlog.get_logger(__name__)

BUILT_IN = "default.yaml"


def built_in_text() -> str:
    """The rule set that ships with the service: what a school would want on day one."""
    return (resources.files("safety_service") / "data" / "rules" / BUILT_IN).read_text(encoding="utf-8")


def seed(session: Session, file: Path | None, *, now: datetime) -> None:
    """Puts the operator's file, or else the built-in set, in force where none has been yet.

    A new database has no escalation policies: rules that name one are taken all the same, with a warning.
    """
    if rule_states.current_version(session) != 0:
        return
    text = file.read_text(encoding="utf-8") if file else built_in_text()
    for rule, reason in unknown_escalations(session, checked(session, text)):
        log.warning("an alert of this rule will not escalate", rule=rule, reason=reason)
    _store(session, text, by="system", now=now)


def replace(session: Session, text: str, *, by: str, now: datetime) -> RuleSetVersion:
    """Checks a rule file and puts it in force; raises Refused with every problem and its line.

    Here, and not in the check of the file alone, an escalation that does not exist is found: policies live
    in the database.
    """
    unknown = unknown_escalations(session, checked(session, text))
    if unknown:
        problems = [(f"rules.{rule}.escalation", reason) for rule, reason in unknown]
        raise Refused("; ".join(f"{where}: {why}" for where, why in problems), problems=problems)
    return _store(session, text, by=by, now=now)


def in_force(session: Session) -> RuleSet:
    """The rules as of this transaction."""
    row = rule_states.read_rule_set(session)
    return checked(session, row.text if row is not None else built_in_text())


def checked(session: Session, text: str, filename: str = "rules.yaml") -> RuleSet:
    """A rule file with the county's calendars at hand; raises Refused with every problem and its line."""
    return load_rules(text, filename, calendars=known_calendars(session))


def known_calendars(session: Session) -> dict[str, Calendar]:
    """The built-in calendars with the county's own beside them, or in their place."""
    own = {row.name: read_calendar(row.definition, row.name) for row in calendars.every(session)}
    return dict(BUILT_IN_CALENDARS) | own


def rules_escalating_by(session: Session, policy: str) -> list[str]:
    """The rules in force that name this escalation policy."""
    return [rule.id for rule in in_force(session).rules.values() if rule.escalation == policy]


def unknown_escalations(session: Session, rules: RuleSet) -> list[tuple[str, str]]:
    """(rule, reason) for every rule that names a policy which is not there."""
    known = {policy.id for policy in escalations.every_policy(session)}
    return [
        (rule.id, f"there is no escalation {rule.escalation!r}; put it under /escalations first")
        for rule in rules.rules.values()
        if rule.escalation is not None and rule.escalation not in known
    ]


def _store(session: Session, text: str, *, by: str, now: datetime) -> RuleSetVersion:
    row = rule_states.add_rule_set(session, text, by=by, now=now)
    audit.record(session, "rules.replace", "rules", row.version, now=now)
    return row
