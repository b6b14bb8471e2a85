"""Suppression in service: what is marked when it happens, and what is told once its cause has gone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session

from safety_service.domain.notifying import receivers_of
from safety_service.domain.rules.model import Rule
from safety_service.domain.suppression import Quiet, Suppressor, mark, owes, recheck
from safety_service.domain.types import Alert, AlertChange
from safety_service.store import alerts as history
from safety_service.store import held_back, notifications, quiet_times

LONGEST_BACKLOG = timedelta(days=7)
"""A transition is not older than this: what was over before it cannot have held it back."""

LOOK_EVERY = timedelta(seconds=1)
"""While alerts come and go, what is held back is not gone through more often than this."""

CLOCKS_APART = timedelta(seconds=10)
"""Whoever made a silence may have another clock than the pipeline."""


def mark_changes(
    session: Session, changes: Sequence[AlertChange], rules: Mapping[str, Rule], now: datetime
) -> None:
    """Names the cause in every transition that nobody is to be told of, in place."""
    times = [step.at for change in changes for step in change.transitions]
    if times:
        since = max(min(times), now - LONGEST_BACKLOG)
        quiets = quiet_times.standing(session, since)
        mark(changes, _suppressor(session, rules, quiets, [change.alert for change in changes], since))


class Followed(msgspec.Struct, frozen=True):
    """The last look at what is held back: `at`, and what it would be worth another one for.

    `looked_at` is when all of it was gone through, at the history's `number` and with these `causes`; at
    `next_edge` something begins or ends by itself.
    """

    at: datetime
    looked_at: datetime
    number: int
    causes: frozenset[str]
    next_edge: datetime | None

    def covers(self, now: datetime, number: int, causes: frozenset[str]) -> bool:
        """Whether nothing can have changed since, or too little time has passed to go through it again."""
        if causes != self.causes or (self.next_edge is not None and now >= self.next_edge):
            return False
        return number == self.number or timedelta(0) <= now - self.looked_at < LOOK_EVERY


def follow(
    session: Session, rules: Mapping[str, Rule], last: Followed | None, number: int, now: datetime
) -> tuple[Followed, int]:
    """Marks what is held back since a silence began, and tells what no longer is.

    Returns what to hand in the next time, and how many are told. `last`: the last look, None where there was
    none: then everything that fires is looked at; `number`: the newest transition. Costs a small query where
    nothing has changed, however many alerts are held back.
    """
    quiets = quiet_times.standing(session, now)
    causes = frozenset(quiet.cause for quiet in quiets)
    since = last.at if last is not None else None
    begun = [quiet for quiet in quiets if quiet.is_on(now) and _is_new(quiet, since)]
    if last is not None and not begun and last.covers(now, number, causes):
        return msgspec.structs.replace(last, at=now), 0
    looked_at = _looked_at(session, begun)
    suppressor = _suppressor(session, rules, quiets, looked_at, now)
    changed = recheck(looked_at, suppressor, now)
    held_back.set_causes(session, changed)
    told = _tell(session, [alert for alert in changed if alert.suppressed_by is None], rules, now)
    return Followed(now, now, number, causes, suppressor.next_edge(now, looked_at)), told


def _looked_at(session: Session, begun: Sequence[Quiet]) -> list[Alert]:
    """Every alert that is held back, and every one that fires where a silence has begun."""
    if not begun and not held_back.any_held_back(session):
        return []
    history.hold_history(session)
    found = {alert.id: alert for alert in held_back.held_back(session)}
    if begun:
        schools = {quiet.school for quiet in begun if quiet.school is not None}
        named = schools if all(quiet.school is not None for quiet in begun) else None
        found |= {alert.id: alert for alert in held_back.firing(session, named)}
    return list(found.values())


def _is_new(quiet: Quiet, since: datetime | None) -> bool:
    """Whether it holds something back that it did not at the last look."""
    if since is None or not quiet.is_on(since):
        return True
    return quiet.made_at is not None and quiet.made_at > since - CLOCKS_APART


def _suppressor(
    session: Session,
    rules: Mapping[str, Rule],
    quiets: Sequence[Quiet],
    alerts: Iterable[Alert],
    now: datetime,
) -> Suppressor:
    """All that may hold back one of these alerts; of what fires only what their rules are inhibited by."""
    asking = [(alert, rule.inhibited_by) for alert in alerts if (rule := rules.get(alert.rule)) is not None]
    inhibiting = {one.rule for _, inhibitions in asking for one in inhibitions}
    schools = {alert.school for alert, inhibitions in asking if inhibitions}
    local = all("school" in one.equal for _, inhibitions in asking for one in inhibitions)
    standing = held_back.firing_of(session, inhibiting, schools if local else None)
    lingers = {one.rule: one.linger for _, inhibitions in asking for one in inhibitions if one.linger}
    if lingers:
        standing += held_back.ended_of(session, lingers, now - max(lingers.values()))
    return Suppressor(quiets, rules, standing)


def _tell(session: Session, released: Sequence[Alert], rules: Mapping[str, Rule], now: datetime) -> int:
    receivers = notifications.receivers(session)
    owed = []
    for alert in released:
        last = held_back.last_telling(session, alert.id)
        if last is None or not owes(alert, last[1]):
            continue
        number, step = last
        rule = rules.get(alert.rule)
        named = rule.channels if rule is not None else None
        to = receivers_of(alert, step, named, receivers, released=True)
        owed += [(number, alert, step, receiver) for receiver in to]
    # Whoever was told of this very step before the silence is not told again: the row is there.
    notifications.add(session, owed, now)
    return len(owed)
