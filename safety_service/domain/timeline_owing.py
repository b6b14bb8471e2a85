"""What is owed in a rule test and what of it was done; and who is told while nobody takes an alert."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from safety_service.domain.errors import Refused
from safety_service.domain.escalation import Policy
from safety_service.domain.escalation_reading import read_policy
from safety_service.domain.obligations import OFS, Obligation
from safety_service.domain.rules.yamltree import Path, Tree
from safety_service.domain.timeline_fields import Problems, read_items, read_offset, refuse_unknown
from safety_service.domain.timeline_model import Entry
from safety_service.domain.types import SEVERITIES

OWING = ("obligation", "done", "cancelled")
_OWED = ("of", "id", "school", "due", "subject", "type", "severity", "title")


def read_owing(tree: Tree, path: Path, item: Mapping[str, Any], start: datetime, problems: Problems) -> Entry:
    """`{at, obligation: {of, id, due: OFFSET, ...}}`, the same again where it changes; `{at, done: {of, id}}`
    and `{at, cancelled: {of, id}}`."""
    action = next(name for name in OWING if name in item)
    refuse_unknown(item, ("at", action), path, problems)
    at = read_offset(item["at"], (*path, "at"), problems)
    here, told = (*path, action), item[action]
    place = tree.place(path)
    if not isinstance(told, dict):
        problems.append((here, "is a set of fields: of, id and, of what is owed, due"))
        return Entry(at=at, action=action, about=("", ""), place=place)
    refuse_unknown(told, _OWED if action == "obligation" else ("of", "id"), here, problems)
    of, name = told.get("of", "duty"), told.get("id")
    if of not in OFS:
        problems.append(((*here, "of"), f"something is owed of {', '.join(OFS)}"))
        of = "duty"
    if not isinstance(name, str) or not name:
        problems.append(((*here, "id"), "the id is a text"))
    about = (of, str(name))
    if action != "obligation":
        return Entry(at=at, action=action, about=about, place=place)
    due = read_offset(told["due"], (*here, "due"), problems) if "due" in told else None
    if due is None:
        problems.append((here, "due is missing"))
    owed = _obligation(about, told, start.astimezone(UTC) + (due or timedelta(0)), here, problems)
    return Entry(at=at, owed=owed, place=place)


def _obligation(
    about: tuple[str, str], told: Mapping[str, Any], due_at: datetime, here: Path, problems: Problems
) -> Obligation:
    severity = told.get("severity")
    if severity is not None and severity not in SEVERITIES:
        problems.append(((*here, "severity"), f"a severity is one of {', '.join(SEVERITIES)}"))
    texts = {name: told[name] for name in ("school", "subject", "type") if told.get(name) is not None}
    for name, value in texts.items():
        if not isinstance(value, str):
            problems.append(((*here, name), f"{name} cannot be {value!r}; a text may need quotes"))
    title = told.get("title", {"zh": about[1], "en": about[1]})
    if not isinstance(title, dict) or set(title) != {"zh", "en"}:
        problems.append(((*here, "title"), "a title has zh and en"))
        title = {}
    fields: dict[str, Any] = {"school": "school", **texts, "title": title, "severity": severity}
    return Obligation(of=about[0], id=about[1], due_at=due_at, **fields)  # type: ignore[arg-type]


def read_escalations(value: Any, problems: Problems) -> dict[str, Policy]:
    """`[{id, min_severity, steps: [{after, notify: [{channel} or {roster}], repeat: {every, times}}]}]`."""
    found = {}
    for path, item in read_items(value, ("escalations",), problems):
        refuse_unknown(item, ("id", "min_severity", "steps"), path, problems)
        name, steps = item.get("id"), item.get("steps")
        lowest = item.get("min_severity", "warning")
        if not isinstance(name, str) or not isinstance(steps, list):
            problems.append((path, "an escalation has an id and steps"))
            continue
        if lowest not in SEVERITIES:
            problems.append(((*path, "min_severity"), f"a severity is one of {', '.join(SEVERITIES)}"))
            continue
        if not all(isinstance(step, dict) for step in steps):
            problems.append(((*path, "steps"), "a step has after and notify"))
            continue
        try:
            found[name] = read_policy(name, steps, lowest, "steps")
        except Refused as error:
            problems += [((*path, "steps"), f"{place}: {reason}") for place, reason in error.problems]
    return found


def read_on_duty(value: Any, problems: Problems) -> dict[str, str]:
    """`[{id: ROSTER, channel: CHANNEL}]`: whose turn it is all the time; of any other nobody is on duty."""
    found = {}
    for path, item in read_items(value, ("rosters",), problems):
        refuse_unknown(item, ("id", "channel"), path, problems)
        name, channel = item.get("id"), item.get("channel")
        if not isinstance(name, str) or not isinstance(channel, str):
            problems.append((path, "a roster has an id, and the channel of whoever is on duty"))
            continue
        found[name] = channel
    return found
