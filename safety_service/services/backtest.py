"""Backtests: gathers what was stored, replays it through candidate rules, and compares; writes nothing."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from sqlmodel import Session

from safety_service.domain.backtest import Replay, Surroundings, not_replayed, warm_up_of
from safety_service.domain.backtest_report import Covered, Report, make_report
from safety_service.domain.backtest_tally import Examples, Tally, step_of
from safety_service.domain.deafness import Deaf
from safety_service.domain.errors import NotFound, Refused
from safety_service.domain.rules.model import RuleSet
from safety_service.domain.types import Alert, Event, Transition
from safety_service.store import backtest as stored
from safety_service.store import devices, partitions
from safety_service.store.tables_partition import Partition

EXAMPLES = 3
"""Alerts shown of each rule unless asked otherwise."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """`since` (included) and `until` (not) are about the time of receipt; `warm_up` None: as the rules need.

    `most_events`: more than that, with the warm-up, are refused; None: as many as there are.
    """

    since: datetime
    until: datetime
    warm_up: timedelta | None = None
    examples: int = EXAMPLES
    most_events: int | None = None


class House(msgspec.Struct, frozen=True):
    """What of the settings decides how rules judge: the time zone, and which downtime they bridge."""

    zone: tzinfo
    tolerance: timedelta


class Plan(msgspec.Struct, frozen=True):
    """A backtest that can begin. `events` are all that will be heard, those of the warm-up included."""

    rules: RuleSet
    wanted: Wanted
    house: House
    warm_up_from: datetime
    until: datetime
    events: int
    partitions: list[Partition]


def check_schools(session: Session, named: Collection[str]) -> None:
    """Raises NotFound for a school that there is not, or that the session may not see."""
    if unknown := sorted(set(named) - devices.school_codes(session)):
        raise NotFound(f"there is no school {unknown[0]}")


def prepare(session: Session, rules: RuleSet, wanted: Wanted, house: House) -> Plan:
    """Looks at how much there is. The session's scope says which schools are looked at.

    Raises Refused where the end is not behind the beginning or the events are too many, NotFound where there
    are none.
    """
    if wanted.until <= wanted.since:
        raise Refused("the end of the time must come after its beginning", place="to")
    rows = partitions.every(session)
    first = stored.first_stored(session)
    until = min([wanted.until, *_how_far(rows)])
    if first is None or until <= wanted.since:
        _nothing(wanted)
    warm_up = warm_up_of(rules) if wanted.warm_up is None else wanted.warm_up
    # Before the first event nothing was recorded: silence in that time says nothing.
    start = min(wanted.since, max(wanted.since - warm_up, first))
    enough = None if wanted.most_events is None else wanted.most_events + 1
    events = stored.count_events(session, wanted.since, until, enough)
    if not events:
        _nothing(wanted)
    events += stored.count_events(session, start, wanted.since, enough)
    if wanted.most_events is not None and events > wanted.most_events:
        raise Refused(
            f"at most {wanted.most_events:,} events are replayed here, and more lie in this time and the "
            "warm-up before it; take a shorter time, fewer schools, or the command",
            place="from",
            slug="backtest-too-large",
        )
    return Plan(rules, wanted, house, start, until, events, rows)


def run(session: Session, plan: Plan, on_chunk: Callable[[int], None]) -> Report:
    """Replays the events and compares with the history. `on_chunk` is told the number of events after each
    chunk; what it raises ends the backtest."""
    wanted, zone = plan.wanted, plan.house.zone
    would, was, examples = Tally(zone), Tally(zone), Examples(wanted.examples)

    def note(alert: Alert, transition: Transition) -> None:
        if wanted.since <= transition.at < plan.until:
            would.note(step_of(alert, transition))
            examples.note(alert, transition)

    heard = warm_up_events = 0
    around, placed = _surroundings(session, plan)
    replay = Replay(plan.rules, around, plan.warm_up_from, note)
    numbers = [row.id for row in plan.partitions]
    for chunk in stored.read_arrivals(session, numbers, plan.warm_up_from, plan.until):
        placed(chunk)
        replay.hear(chunk)
        heard += len(chunk)
        warm_up_events += sum(event.received_at < wanted.since for event in chunk)
        on_chunk(len(chunk))
    replay.finish(plan.until)
    passed_over = frozenset(not_replayed(plan.rules))
    for step in stored.read_history(session, wanted.since, plan.until):
        if step.rule not in passed_over:
            was.note(step)
    would.finish()
    was.finish()
    covered = Covered(
        since=wanted.since,
        until=plan.until,
        warm_up_from=plan.warm_up_from,
        events=heard - warm_up_events,
        warm_up_events=warm_up_events,
    )
    return make_report(plan.rules, covered, would, was, examples, wanted.examples)


def _surroundings(session: Session, plan: Plan) -> tuple[Surroundings, Callable[[list[Event]], None]]:
    """What the pipeline knew beside the events, and what adds to events the kind of place they come from."""
    registry = devices.load(session, devices.school_codes(session))
    # Where several pipelines work, each was down in its own time: then no downtime is taken into account.
    deaf = msgspec.convert(plan.partitions[0].deaf, list[Deaf]) if len(plan.partitions) == 1 else []
    around = Surroundings(
        zones={school: _zone(name, plan.house.zone) for school, name in registry.schools.items()},
        zone=plan.house.zone,
        tolerance=plan.house.tolerance,
        devices=registry.devices,
        newcomers=stored.first_seen_since(session, plan.warm_up_from),
        deaf=deaf,
        handled=stored.read_handled(session, plan.warm_up_from, plan.until),
    )

    def place(events: list[Event]) -> None:
        for event in events:
            if event.zone is not None:
                event.zone_type = registry.zone_types.get((event.school, event.zone))
            if event.zone_type is None:
                device = registry.devices.get((event.school, event.device))
                event.zone_type = device.zone_type if device is not None else None

    return around, place


def _how_far(rows: list[Partition]) -> Iterator[datetime]:
    """How far each pipeline had come: of what came later nothing is known, least of all silence."""
    return (row.advanced_at for row in rows if row.advanced_at is not None)


def _zone(name: str | None, default: tzinfo) -> tzinfo:
    try:
        return ZoneInfo(name) if name is not None else default
    except (ZoneInfoNotFoundError, ValueError):
        return default


def _nothing(wanted: Wanted) -> NoReturn:
    span = f"{wanted.since.isoformat(timespec='seconds')} to {wanted.until.isoformat(timespec='seconds')}"
    raise NotFound(f"no events are stored that were received from {span}", slug="no-events")
