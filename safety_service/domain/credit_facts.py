"""What is known of a cafeteria beside its grade, and what each of these facts costs in its component."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import msgspec

from safety_service.domain.credit_weights import Alerts, Component, Duties, Rectifications, Visits
from safety_service.domain.decay import DIGITS, decayed

Names = Mapping[str, str]
NO_NAMES: Names = {}


class VisitFact(msgspec.Struct, frozen=True):
    """One visit that counts; `score` None where none was given."""

    id: int
    on: date
    score: str | None


class AlertFact(msgspec.Struct, frozen=True):
    id: int
    rule: str
    kind: str
    severity: str
    on: date
    disposition: str | None
    title: Names = NO_NAMES


class MissedDuty(msgspec.Struct, frozen=True):
    id: str
    duty: str
    on: date
    due_at: datetime
    title: Names = NO_NAMES


class RectificationFact(msgspec.Struct, frozen=True):
    """`state`: open, overdue, done_late, done_in_time; `on`: since when it is in that state."""

    id: int
    state: str
    on: date
    key: bool = False
    title: Names = NO_NAMES


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one cafeteria. `watched`: the types of its zones in which there is a device.

    `duties_owed`: whether any duty is owed by it at all, `inspected` whether anybody ever came.
    """

    visits: tuple[VisitFact, ...] = ()
    alerts: tuple[AlertFact, ...] = ()
    missed: tuple[MissedDuty, ...] = ()
    rectifications: tuple[RectificationFact, ...] = ()
    watched: frozenset[str] = frozenset()
    duties_owed: bool = False
    inspected: bool = False


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """One fact with what it costs: of the component's weight, before that is laid on the index.

    `what`: inspection, alert, duty, rectification; `state` is what was made of it, `decay` how much of it
    still counts, `due_at` when a duty was due.
    """

    what: str
    id: int | str
    on: date
    state: str
    decay: Decimal
    cost: Decimal
    title: Names = NO_NAMES
    due_at: datetime | None = None


class Weighed(msgspec.Struct, frozen=True):
    """The facts of one component, newest first; `left_out` counts, by reason, what costs nothing."""

    costs: list[Cost]
    left_out: dict[str, int] = {}
    steps: dict[str, str] = {}


def weigh(component: Component, known: Known, as_of: date) -> Weighed | None:
    """What the facts cost; None where the component cannot be observed at this cafeteria."""
    with localcontext() as context:
        context.prec = DIGITS
        return _SOURCES[component.reads.source](component, component.reads, known, as_of)


def _visits(component: Component, reads: Visits, known: Known, as_of: date) -> Weighed | None:
    """Each visit costs its share of what the mean is short of the full score."""
    inside = _inside(component, known.visits, as_of)
    scored = [(visit, Decimal(visit.score)) for visit in inside if visit.score is not None]
    if not scored:
        return None
    weights = [decayed((as_of - visit.on).days, component.half_life_days) for visit, _ in scored]
    total = sum(weights, Decimal(0))
    mean = sum((w * score for w, (_, score) in zip(weights, scored, strict=True)), Decimal(0)) / total
    costs = [
        Cost(
            what="inspection",
            id=visit.id,
            on=visit.on,
            state=str(score),
            decay=weight,
            cost=component.weight * (weight / total) * max(Decimal(0), 1 - score / reads.full),
        )
        for weight, (visit, score) in zip(weights, scored, strict=True)
    ]
    left_out = {"without_score": len(inside) - len(scored)} if len(inside) > len(scored) else {}
    return Weighed(costs, left_out, {"mean": str(mean), "weights": str(total)})


def _alerts(component: Component, reads: Alerts, known: Known, as_of: date) -> Weighed | None:
    inside = _inside(component, known.alerts, as_of)
    left_out: Counter[str] = Counter()
    seen: Counter[tuple[str, str, date]] = Counter()
    costs = []
    # A confirmed one goes before an unconfirmed one of the same day.
    for alert in sorted(inside, key=lambda one: (one.disposition is None, one.id)):
        points = _points(reads, alert)
        if points is None:
            continue
        if alert.disposition in reads.not_counted:
            left_out[str(alert.disposition)] += 1
            continue
        same = alert.rule, alert.kind, alert.on
        seen[same] += 1
        if reads.most_per_day is not None and seen[same] > reads.most_per_day:
            left_out["same_day"] += 1
            continue
        share = reads.unconfirmed if alert.disposition is None else Decimal(1)
        state = "unconfirmed" if alert.disposition is None else alert.disposition
        costs.append(_cost(component, "alert", alert, as_of, state, points * share))
    if not costs and not left_out and known.watched.isdisjoint(reads.zones):
        return None
    return Weighed(_newest_first(costs), dict(left_out))


def _points(reads: Alerts, alert: AlertFact) -> Decimal | None:
    return next(
        (
            one.points
            for one in reads.costs
            if (not one.kinds or alert.kind in one.kinds)
            and (not one.rules or alert.rule in one.rules)
            and (not one.severities or alert.severity in one.severities)
        ),
        None,
    )


def _duties(component: Component, reads: Duties, known: Known, as_of: date) -> Weighed | None:
    costs = [
        msgspec.structs.replace(
            _cost(component, "duty", duty, as_of, "missed", reads.costs[duty.duty]), due_at=duty.due_at
        )
        for duty in _inside(component, known.missed, as_of)
        if duty.duty in reads.costs
    ]
    return Weighed(_newest_first(costs)) if costs or known.duties_owed else None


def _rectifications(component: Component, reads: Rectifications, known: Known, as_of: date) -> Weighed | None:
    points = {"open": reads.open, "overdue": reads.overdue, "done_late": reads.done_late}
    costs = []
    for one in known.rectifications:
        standing = one.state in {"open", "overdue"}
        if not standing and not _inside(component, [one], as_of):
            continue
        times = reads.key_times if one.key else Decimal(1)
        cost = _cost(
            component, "rectification", one, as_of, one.state, points.get(one.state, Decimal(0)) * times
        )
        # What still is to be done has no age.
        costs.append(_undecayed(cost, points[one.state] * times) if standing else cost)
    return Weighed(_newest_first(costs)) if costs or known.inspected else None


def _cost(component: Component, what: str, fact: Any, as_of: date, state: str, points: Decimal) -> Cost:
    decay = decayed((as_of - fact.on).days, component.half_life_days)
    return Cost(
        what=what, id=fact.id, on=fact.on, state=state, decay=decay, cost=points * decay, title=fact.title
    )


def _undecayed(cost: Cost, points: Decimal) -> Cost:
    return msgspec.structs.replace(cost, decay=Decimal(1), cost=points)


def _inside(component: Component, facts: Iterable[Any], as_of: date) -> list[Any]:
    opens = as_of - timedelta(days=component.window_days)
    return [fact for fact in facts if opens < fact.on <= as_of]


def _newest_first(costs: list[Cost]) -> list[Cost]:
    return sorted(costs, key=lambda one: one.on, reverse=True)


_SOURCES: dict[str, Callable[..., Weighed | None]] = {
    "inspections": _visits,
    "alerts": _alerts,
    "duties": _duties,
    "rectifications": _rectifications,
}
