"""The timeline of a rule-test file: events, steps of people, restarts."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from safety_service.domain.decoding.kinds import KINDS
from safety_service.domain.rules.matching import did_you_mean
from safety_service.domain.rules.yamltree import Path, Tree
from safety_service.domain.suppression import Quiet, check_match
from safety_service.domain.timeline_fields import Problems, read_items, read_offset, refuse_unknown
from safety_service.domain.timeline_model import Entry
from safety_service.domain.timeline_owing import OWING, read_owing
from safety_service.domain.types import DISPOSITIONS, PHASES, Event

EVENT_FIELDS: dict[str, type | tuple[type, ...]] = {
    "school": str,
    "device": str,
    "kind": str,
    "phase": str,
    "value": (int, float),
    "unit": str,
    "severity_hint": str,
    "zone": str,
    "zone_type": str,
    "snapshot_url": str,
    "attributes": dict,
    "retained": bool,
    "clock_suspect": bool,
    "event_id": str,
    "format": str,
    "gateway": str,
}
TIMING = ("at", "occurred", "repeat", "every")
ACTIONS = ("acknowledge", "close", "restart")
QUIETS = ("silence", "maintenance")
MOST_EVENTS = 1_000_000


def read_entries(tree: Tree, start: datetime, rules: Collection[str], problems: Problems) -> list[Entry]:
    entries: list[Entry] = []
    for path, item in read_items(tree.value.get("timeline"), ("timeline",), problems):
        if "at" not in item:
            problems.append((path, "at is missing"))
            continue
        quiet = next((name for name in QUIETS if name in item), None)
        if quiet is not None:
            entries.append(_quiet(path, item, quiet, start, problems, len(entries)))
        elif any(name in item for name in OWING):
            entries.append(read_owing(tree, path, item, start, problems))
        elif any(name in item for name in ACTIONS):
            entries.append(_action(tree, path, item, rules, problems))
        else:
            entries += _events(path, item, start, problems, len(entries))
    return sorted(entries, key=lambda entry: entry.at)


def _action(
    tree: Tree, path: Path, item: dict[str, Any], rules: Collection[str], problems: Problems
) -> Entry:
    action = next(name for name in ACTIONS if name in item)
    at = read_offset(item["at"], (*path, "at"), problems)
    if action == "restart":
        refuse_unknown(item, ("at", "restart"), path, problems)
        return Entry(at=at, action=action, down=read_offset(item[action], (*path, action), problems))
    known = ("at", action, "school", "device", *(["disposition"] if action == "close" else []))
    refuse_unknown(item, known, path, problems)
    rule, disposition = str(item[action]), item.get("disposition", "confirmed")
    if rule not in rules:
        problems.append(((*path, action), f"there is no rule {rule!r}{did_you_mean(rule, sorted(rules))}"))
    if disposition not in DISPOSITIONS:
        problems.append(((*path, "disposition"), f"a disposition is one of {', '.join(DISPOSITIONS)}"))
    where: dict[str, str] = {name: str(item[name]) for name in ("school", "device") if name in item}
    place = tree.place(path)
    return Entry(at=at, action=action, rule=rule, where=where, disposition=disposition, place=place)


def _quiet(
    path: Path, item: dict[str, Any], action: str, start: datetime, problems: Problems, number: int
) -> Entry:
    """A silence or a maintenance window that begins now and lasts `for` so long."""
    refuse_unknown(item, ("at", action, "for"), path, problems)
    at = read_offset(item["at"], (*path, "at"), problems)
    if "for" not in item:
        problems.append((path, "for is missing: how long it lasts"))
    length = read_offset(item.get("for", "1s"), (*path, "for"), problems)
    if not length:
        problems.append(((*path, "for"), "must be longer than nothing"))
    match = item[action]
    problems += [((*path, action, *([field] if field else [])), why) for field, why in check_match(match)]
    quiet = Quiet(
        cause=f"{action}:{number + 1}",
        starts_at=start.astimezone(UTC) + at,
        length=length,
        zone=start.tzinfo or UTC,
        match=match if isinstance(match, dict) else {},
    )
    return Entry(at=at, action=action, quiet=quiet)


def _events(
    path: Path, item: dict[str, Any], start: datetime, problems: Problems, number: int
) -> list[Entry]:
    refuse_unknown(item, (*EVENT_FIELDS, *TIMING), path, problems)
    fields: dict[str, Any] = {}
    for name, types in EVENT_FIELDS.items():
        value = item.get(name)
        if value is None:
            continue
        if not isinstance(value, types) or (isinstance(value, bool) and types is not bool):
            problems.append(((*path, name), f"{name} cannot be {value!r}; a text may need quotes"))
        fields[name] = value
    fields = {"school": "school", "device": "device"} | fields
    if "kind" not in fields:
        problems.append((path, "kind is missing"))
    if fields.get("kind", "other") not in KINDS:
        hint = did_you_mean(str(fields["kind"]), KINDS)
        problems.append(((*path, "kind"), f"{fields['kind']!r} is no event kind{hint}"))
    fields.setdefault("phase", "measure" if "value" in fields else "pulse")
    if fields["phase"] not in PHASES:
        hint = did_you_mean(str(fields["phase"]), PHASES)
        problems.append(((*path, "phase"), f"{fields['phase']!r} is no phase{hint}"))
    fields.setdefault("format", "native")
    at = read_offset(item["at"], (*path, "at"), problems)
    occurred = read_offset(item["occurred"], (*path, "occurred"), problems) if "occurred" in item else at
    every = read_offset(item.get("every", "0s"), (*path, "every"), problems)
    repeat = item.get("repeat", 1)
    if not isinstance(repeat, int) or isinstance(repeat, bool) or not 1 <= repeat <= MOST_EVENTS:
        problems.append(((*path, "repeat"), f"repeat is a number from 1 to {MOST_EVENTS}"))
        repeat = 1
    if problems:
        return []
    return [_event(fields, start, at + n * every, occurred + n * every, number + n) for n in range(repeat)]


def _event(fields: dict[str, Any], start: datetime, at: timedelta, occurred: timedelta, number: int) -> Entry:
    instant = start.astimezone(UTC)
    event = Event(
        **fields, dedup_key=f"line-{number}", occurred_at=instant + occurred, received_at=instant + at
    )
    return Entry(at=at, event=event)
