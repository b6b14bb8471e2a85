"""Duty rosters as people set them up: checked whole, with a word about every hole and overlap."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlmodel import Session

from safety_service.domain.errors import Conflict, Refused
from safety_service.domain.roster_reading import read_roster
from safety_service.domain.rosters import Member, Remark, Roster, check, duty_at, next_hand_over, sentence
from safety_service.store import audit, channels, escalations, registry
from safety_service.store import rosters as store
from safety_service.store.tables_escalation import RosterOverride, StoredRoster

LOOK_AHEAD = timedelta(days=28)
LONGEST_LOOK = timedelta(days=366)
MOST_REMARKS = 20
LONGEST_OVERRIDE = timedelta(days=366)


class RosterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A roster as somebody wants it; `members` and `shifts` as `domain.roster_reading` reads them."""

    title: dict[str, str]
    timezone: str
    members: Sequence[dict[str, Any]]
    shifts: Sequence[dict[str, Any]]
    schools: tuple[str, ...] = ()


class OnDuty(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on duty at an instant, and who next."""

    at: datetime
    member: Member | None
    override: int | None
    next_hand_over: datetime | None
    next_member: Member | None


def put(session: Session, roster_id: str, wanted: RosterSettings, *, now: datetime) -> StoredRoster:
    """Makes or replaces a roster; raises Refused with every problem. Holes are no problem: see `remarks`.

    Its overrides stay, as far as their members do; one whose member is gone is refused.
    """
    content = {"timezone": wanted.timezone, "members": wanted.members, "shifts": wanted.shifts}
    read = read_roster(roster_id, content, "body", schools=wanted.schools)
    problems = [
        (f"body.members[{number}].channel", f"there is no channel {one['channel']!r}")
        for number, one in enumerate(wanted.members)
        if channels.find(session, one["channel"]) is None
    ]
    known = registry.known_schools(session, frozenset(wanted.schools))
    problems += [
        (f"body.schools[{number}]", f"there is no school {school}")
        for number, school in enumerate(wanted.schools)
        if school not in known
    ]
    for one in store.overrides_of(session, roster_id, now):
        if one.member not in read.members:
            problems.append(("body.members", f"{one.member!r} stands in override {one.id}; remove it first"))
    if problems:
        raise Refused("; ".join(f"{where}: {why}" for where, why in problems), problems=problems)
    row = store.find(session, roster_id) or StoredRoster(id=roster_id, timezone=wanted.timezone)
    row.title, row.timezone, row.schools = wanted.title, wanted.timezone, sorted(set(wanted.schools))
    row.members, row.shifts = list(wanted.members), list(wanted.shifts)
    session.add(row)
    session.flush()
    audit.record(session, "roster.put", "roster", roster_id, now=now, detail=_described(row))
    return row


def delete(session: Session, roster_id: str, *, now: datetime) -> None:
    """Removes a roster; raises Conflict where a policy still asks it."""
    row = store.get(session, roster_id)
    users = policies_asking(session, "roster", roster_id)
    if users:
        raise Conflict(f"the roster is used by escalation {', '.join(users)}", slug="in-use")
    audit.record(session, "roster.delete", "roster", roster_id, now=now, detail=_described(row))
    session.delete(row)
    session.flush()


def add_override(
    session: Session, roster_id: str, start: datetime, end: datetime, member: str, *, now: datetime
) -> RosterOverride:
    """Puts somebody else on duty; raises Refused with the field."""
    row = store.get(session, roster_id)
    if end <= start:
        raise Refused("must be later than from", place="body.to")
    if end <= now:
        raise Refused("is over already", place="body.to")
    if end - start > LONGEST_OVERRIDE:
        raise Refused(f"an override lasts at most {LONGEST_OVERRIDE.days} days", place="body.to")
    names = [one["id"] for one in row.members]
    if member not in names:
        reason = f"{member!r} is no member of the roster; known are {', '.join(names)}"
        raise Refused(reason, place="body.member")
    by = audit.actor_of(session).name
    override = RosterOverride(
        roster=roster_id,
        start_at=start.astimezone(UTC),
        end_at=end.astimezone(UTC),
        member=member,
        created_at=now,
        created_by=by,
    )
    session.add(override)
    session.flush()
    _record_override(session, "roster.override", override, now)
    return override


def remove_override(session: Session, roster_id: str, number: int, *, now: datetime) -> None:
    store.get(session, roster_id)
    override = store.find_override(session, roster_id, number)
    _record_override(session, "roster.override_remove", override, now)
    session.delete(override)
    session.flush()


def on_duty(session: Session, row: StoredRoster, at: datetime) -> OnDuty:
    roster = store.load(session, row, at)
    duty, following = duty_at(roster, at), next_hand_over(roster, at)
    return OnDuty(
        at=at,
        member=duty.member,
        override=duty.override,
        next_hand_over=following[0] if following is not None else None,
        next_member=following[1] if following is not None else None,
    )


def remarks(session: Session, row: StoredRoster, now: datetime) -> list[tuple[Remark, str]]:
    """Holes and overlaps of one full turn from now, at least four weeks, with a sentence each."""
    roster = store.load(session, row, now)
    found = check(roster, now, now + _ahead(roster))
    return [(one, sentence(one, roster)) for one in found[:MOST_REMARKS]]


def policies_asking(session: Session, kind: str, name: str) -> list[str]:
    """The policies that tell this `roster` or `channel`."""
    return [
        policy.id
        for policy in escalations.every_policy(session)
        if any(target.get(kind) == name for step in policy.steps for target in step["notify"])
    ]


def rosters_naming(session: Session, channel: str) -> list[str]:
    """The rosters of which a member is reached by this channel."""
    return [row.id for row in store.every(session) if any(one["channel"] == channel for one in row.members)]


def _ahead(roster: Roster) -> timedelta:
    turn = max((len(shift.members) * shift.days for shift in roster.shifts), default=0)
    return min(max(LOOK_AHEAD, timedelta(days=turn)), LONGEST_LOOK)


def _record_override(session: Session, action: str, one: RosterOverride, now: datetime) -> None:
    times = {"from": one.start_at.isoformat(), "to": one.end_at.isoformat()}
    detail: Mapping[str, Any] = {"override": one.id, "member": one.member, **times}
    audit.record(session, action, "roster", one.roster, now=now, detail=dict(detail))


def _described(row: StoredRoster) -> dict[str, Any]:
    names = ("title", "schools", "timezone", "members", "shifts")
    return {name: getattr(row, name) for name in names}
