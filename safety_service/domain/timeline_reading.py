"""Rule-test files: a timeline with what is expected of it, checked with file, line and reason."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from safety_service.domain.calendars import BUILT_IN, Calendar
from safety_service.domain.errors import Refused
from safety_service.domain.rules.loading import load_rules, read_calendars, read_rules
from safety_service.domain.rules.matching import did_you_mean
from safety_service.domain.rules.model import RuleSet
from safety_service.domain.rules.yamltree import Tree
from safety_service.domain.timeline_entries import read_entries
from safety_service.domain.timeline_fields import Problems, read_items, read_offset, refuse_unknown
from safety_service.domain.timeline_model import Channel, Entry, Expected, Timeline
from safety_service.domain.timeline_owing import read_escalations, read_on_duty
from safety_service.domain.types import SEVERITIES, DeviceSeen

CHANGES = ("raised", "severity_raised", "resolved", "reopened", "acknowledged", "closed", "escalated")
FIELDS = (
    "name",
    "start",
    "rules",
    "rules_file",
    "calendars",
    "tolerance",
    "devices",
    "channels",
    "escalations",
    "rosters",
    "timeline",
    "until",
    "expect",
    "expect_sent",
)
DEVICE_FIELDS = ("school", "device", "zone", "zone_type", "format")


def rules_file_of(tree: Tree) -> str | None:
    """The rule file that the test names, relative to the test itself; None where the rules stand in it."""
    top = tree.value if isinstance(tree.value, dict) else {}
    name = top.get("rules_file")
    if ("rules" in top) == (name is not None):
        raise Refused("needs either rules or rules_file", place=tree.place(()))
    if name is not None and not isinstance(name, str):
        raise Refused("rules_file is the name of a file", place=tree.place(("rules_file",)))
    return name


def read_timeline(tree: Tree, rules_text: str | None) -> Timeline:
    """The test; `rules_text` is what the file named by rules_file holds. Raises Refused."""
    top = tree.value
    problems: Problems = [
        ((name,), f"unknown field {name!r}{did_you_mean(name, FIELDS)}") for name in top if name not in FIELDS
    ]
    calendars = dict(BUILT_IN) | read_calendars(top.get("calendars"), ("calendars",), problems)
    rules = _rules(tree, rules_text, calendars, problems)
    start = _start(top, problems)
    entries = read_entries(tree, start, set(rules.rules), problems)
    expect = _expected(tree, "expect", ("rule", "school", "device", "change", "severity", "count"), problems)
    sent = None
    if "expect_sent" in top:
        sent = _expected(tree, "expect_sent", ("rule", "school", "device", "change", "channel"), problems)
    until = read_offset(top["until"], ("until",), problems) if "until" in top else _last(entries, expect)
    tolerance = read_offset(top.get("tolerance", "30m"), ("tolerance",), problems)
    devices = _devices(top.get("devices"), problems)
    channels = _channels(top.get("channels"), problems)
    escalations = read_escalations(top.get("escalations"), problems)
    on_duty = read_on_duty(top.get("rosters"), problems)
    problems += _unknown_escalations(rules, escalations) if escalations else []
    if problems:
        raise tree.refused("the rule test cannot be run", problems)
    return Timeline(
        file=tree.file,
        start=start,
        until=until,
        tolerance=tolerance,
        rules=rules,
        devices=devices,
        entries=entries,
        expect=expect,
        channels=channels,
        expect_sent=sent,
        escalations=escalations,
        on_duty=on_duty,
    )


def _unknown_escalations(rules: RuleSet, known: Collection[str]) -> Problems:
    """A test that names policies names all that its rules need: a misspelt one would just not escalate."""
    return [
        (
            ("escalations",),
            f"the rule {rule.id} needs {rule.escalation!r}{did_you_mean(rule.escalation, sorted(known))}",
        )
        for rule in rules.rules.values()
        if rule.escalation is not None and rule.escalation not in known
    ]


def _rules(
    tree: Tree, rules_text: str | None, calendars: Mapping[str, Calendar], problems: Problems
) -> RuleSet:
    if rules_text is not None:
        return load_rules(rules_text, str(tree.value["rules_file"]), calendars=calendars)
    return read_rules(tree, ("rules",), calendars, problems)


def _start(top: Mapping[str, Any], problems: Problems) -> datetime:
    try:
        start = datetime.fromisoformat(top["start"])
        if start.tzinfo is None:
            raise ValueError
    except KeyError:
        problems.append(((), "start is missing"))
    except (TypeError, ValueError):
        problems.append((("start",), "start is a time with its offset, such as 2026-09-01T08:00:00+08:00"))
    else:
        return start
    return datetime(2026, 1, 1, tzinfo=UTC)


def _last(entries: list[Entry], expect: list[Expected]) -> timedelta:
    ends = [entry.at for entry in entries] + [one.at for one in expect]
    return max(ends, default=timedelta(0))


def _expected(tree: Tree, name: str, known: Collection[str], problems: Problems) -> list[Expected]:
    found = []
    for path, item in read_items(tree.value.get(name), (name,), problems):
        refuse_unknown(item, ("at", *known), path, problems)
        if "at" not in item:
            problems.append((path, "at is missing"))
            continue
        if "change" in item and item["change"] not in CHANGES:
            problems.append(((*path, "change"), f"a change is one of {', '.join(CHANGES)}"))
        if "severity" in item and item["severity"] not in SEVERITIES:
            problems.append(((*path, "severity"), f"a severity is one of {', '.join(SEVERITIES)}"))
        at = read_offset(item["at"], (*path, "at"), problems)
        fields = {field: value for field, value in item.items() if field != "at"}
        found.append(Expected(at=at, fields=fields, place=tree.place(path)))
    return found


def _devices(value: Any, problems: Problems) -> list[DeviceSeen]:
    devices = []
    for path, item in read_items(value, ("devices",), problems):
        refuse_unknown(item, DEVICE_FIELDS, path, problems)
        if any(not isinstance(item.get(name), str) for name in ("school", "device")):
            problems.append((path, "a device has a school and a device, both texts"))
            continue
        content = {"format": "native"} | {name: item[name] for name in DEVICE_FIELDS if name in item}
        try:
            devices.append(msgspec.convert(content, DeviceSeen))
        except msgspec.ValidationError as error:
            problems.append((path, str(error)))
    return devices


def _channels(value: Any, problems: Problems) -> list[Channel]:
    channels = []
    for path, item in read_items(value, ("channels",), problems):
        refuse_unknown(item, ("id", "send_resolved"), path, problems)
        send_resolved = item.get("send_resolved", True)
        if not isinstance(item.get("id"), str) or not isinstance(send_resolved, bool):
            problems.append((path, "a channel has an id, and send_resolved: true or false"))
            continue
        channels.append(Channel(item["id"], send_resolved))
    return channels
