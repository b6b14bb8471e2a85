"""The rule file in force: from the database, seeded with the built-in set."""

from datetime import datetime
from importlib import resources
from pathlib import Path

from sqlmodel import Session

from safety_service.domain.calendars import BUILT_IN as BUILT_IN_CALENDARS
from safety_service.domain.calendars import Calendar, read_calendar
from safety_service.domain.rules.loading import RuleSet, load_rules
from safety_service.store import audit, calendars, rule_states
from safety_service.store.tables import RuleSetVersion

BUILT_IN = "default.yaml"


def built_in_text() -> str:
    """The rule set that ships with the service: what a school would want on day one."""
    return (resources.files("safety_service") / "data" / "rules" / BUILT_IN).read_text(encoding="utf-8")


def seed(session: Session, file: Path | None, *, now: datetime) -> None:
    """Puts the operator's file, or else the built-in set, in force where none has been yet."""
    if rule_states.current_version(session) == 0:
        replace(session, file.read_text(encoding="utf-8") if file else built_in_text(), by="system", now=now)


def replace(session: Session, text: str, *, by: str, now: datetime) -> RuleSetVersion:
    """Checks a rule file and puts it in force; raises Refused with every problem and its line."""
    load_rules(text, "rules.yaml", calendars=known_calendars(session))
    row = rule_states.add_rule_set(session, text, by=by, now=now)
    audit.record(session, "rules.replace", "rules", row.version, now=now)
    return row


def in_force(session: Session) -> RuleSet:
    """The rules as of this transaction."""
    row = rule_states.read_rule_set(session)
    text = row.text if row is not None else built_in_text()
    return load_rules(text, "rules.yaml", calendars=known_calendars(session))


def known_calendars(session: Session) -> dict[str, Calendar]:
    """The built-in calendars with the county's own beside them, or in their place."""
    own = {row.name: read_calendar(row.definition, row.name) for row in calendars.every(session)}
    return dict(BUILT_IN_CALENDARS) | own
