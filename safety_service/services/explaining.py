"""Why an alert is there: rule, numbers, events and who was told, gathered in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from sqlmodel import Session

from safety_service.domain import explaining as core
from safety_service.domain.errors import Refused
from safety_service.domain.explaining import Grounds
from safety_service.domain.rules.model import version_of
from safety_service.domain.rules.yamltree import read_tree
from safety_service.domain.sentences import Scene, sentence
from safety_service.domain.types import Transition
from safety_service.services.rulesets import built_in_text
from safety_service.services.view_figures import link
from safety_service.services.wording import kind_name, zone_name
from safety_service.store import explaining as rows
from safety_service.store import notifications
from safety_service.store.rule_states import decode_key
from safety_service.store.tables import AlertTransition, StoredAlert, StoredEvent
from safety_service.store.tables_outbox import Notification

MOST_EVENTS = 20
MOST_NOTIFICATIONS = 100
_STEP = Transition.__struct_fields__
_EVENT_COLUMNS = frozenset({"device", "zone", "format", "event_id", "gateway"})


class RuleBehind(msgspec.Struct, frozen=True, kw_only=True):
    """The version of the rule that raised the alert, as its file says it; None where no file has it.

    `rule_set` numbers that file. `version_now`: of the rule of this id in force, None where there is none.
    """

    kind: str | None
    definition: dict[str, Any] | None
    rule_set: int | None
    version_now: str | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Who was told: the newest notifications, and how many of all are in each state."""

    by_state: dict[str, int]
    newest: Sequence[Notification]
    list: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why an alert is there. `decisions` oldest first; `steps`: the first of the history and its latest;
    `events`: around the last decision, newest first, with the address of more of them."""

    summary: dict[str, str]
    rule: RuleBehind
    decisions: list[Grounds]
    steps: Sequence[AlertTransition]
    events: Sequence[StoredEvent]
    events_list: str | None
    told: Told


def explain(session: Session, alert: StoredAlert) -> Explanation:
    """Everything that tells why this alert is there, who was told of it, and who was not."""
    steps = rows.steps_of(session, alert.id)
    rule = _rule_behind(session, alert)
    decisions = [
        core.grounds_of(row.number, step, rule.definition)
        for row in steps
        if core.decided(step := Transition(**{name: getattr(row, name) for name in _STEP}))
    ]
    last = decisions[-1] if decisions else _unrecorded(alert, rule)
    events, events_list = _events(session, alert, rule.definition, last)
    if last.unit is None:
        last = core.with_unit(last, [(row.value, row.unit) for row in events])
        decisions[-1:] = [last] if decisions else []
    return Explanation(
        summary=sentence(last, _scene(session, alert, last)),
        rule=rule,
        decisions=decisions,
        steps=steps,
        events=events,
        events_list=events_list,
        told=_told(session, alert),
    )


def _unrecorded(alert: StoredAlert, rule: RuleBehind) -> Grounds:
    """What the alert itself says, where the history has no step of a rule."""
    step = Transition(
        change="raised",
        at=alert.raised_at,
        severity=alert.severity,  # type: ignore[arg-type]
        condition=alert.condition,  # type: ignore[arg-type]
        detail=alert.detail,
    )
    return core.grounds_of(0, step, rule.definition)


def _rule_behind(session: Session, alert: StoredAlert) -> RuleBehind:
    files = [(row.version, row.text) for row in rows.rule_files_around(session, alert.raised_at)]
    files = files or [(0, built_in_text())]
    now = _definitions(files[0][1]).get(alert.rule)
    for number, text in files:
        found = _definitions(text).get(alert.rule)
        if found is not None and found[0] == alert.rule_version:
            kind, rule_set, definition = found[1].get("kind"), number or None, found[1]
            break
    else:
        kind = rule_set = definition = None
    return RuleBehind(
        kind=kind, definition=definition, rule_set=rule_set, version_now=now[0] if now is not None else None
    )


@lru_cache(maxsize=8)
def _definitions(text: str) -> Mapping[str, tuple[str, dict[str, Any]]]:
    """The rules of a file by id, each with its version; what an old file says is not checked again.

    Remembered, because a file never changes and takes longer to read than everything else here.
    """
    try:
        value = read_tree(text, "rules.yaml").value
    except Refused:
        return {}
    listed = value.get("rules") if isinstance(value, dict) else None
    rules = [rule for rule in listed or [] if isinstance(rule, dict)]
    return {str(rule.get("id")): (version_of(rule), rule) for rule in rules}


def _scene(session: Session, alert: StoredAlert, grounds: Grounds) -> Scene:
    device, zone = rows.names_of(session, alert.school, alert.device, alert.zone)
    place = {"zh": device, "en": device}
    # A zone that came with a list of devices has its code for a name, until somebody gives it one.
    if zone is not None and zone.name != zone.code:
        place = {"zh": zone.name, "en": zone.name}
    elif alert.zone:
        place = zone_name(alert.zone)
    return Scene(
        place=place,
        device=device,
        kind=kind_name(alert.kind),
        title=alert.title,
        count=alert.count,
        parts=[kind_name(kind) for kind in grounds.parts or ()],
    )


def _events(
    session: Session, alert: StoredAlert, definition: core.Definition | None, last: Grounds
) -> tuple[Sequence[StoredEvent], str | None]:
    kinds = core.kinds_behind(definition, alert.kind)
    parts = dict(zip(core.key_names(definition), decode_key(alert.key), strict=False))
    same = {name: part for name, part in parts.items() if name in _EVENT_COLUMNS and part}
    anchor = last.silent_since or last.at
    since, until = anchor - core.looks_back(last), anchor + core.AHEAD
    found = rows.events_behind(session, alert.school, kinds, same, since, until, MOST_EVENTS)
    query: dict[str, str | datetime] = {"school": alert.school, "from": since, "to": until}
    if "device" in same:
        query["device"] = same["device"]
    if kinds is not None and len(kinds) == 1:
        query["kind"] = kinds[0]
    return found, link("events", query)


def _told(session: Session, alert: StoredAlert) -> Told:
    wanted = notifications.NotificationFilter(alert_id=alert.id)
    page = notifications.list_page(session, wanted, None, MOST_NOTIFICATIONS)
    return Told(
        by_state=rows.told_by_state(session, alert.id),
        newest=page.rows,
        list=link("notifications", {"alert": str(alert.id)}),
    )
