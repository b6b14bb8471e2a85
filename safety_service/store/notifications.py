"""The outbox: rows written with the transition that owes them, claimed and settled by delivery.

A claim moves `next_attempt_at` behind the lease, so a row whose sender died becomes due again by itself.
Rows of one alert and channel go strictly in the order of its history: only the first waiting one is due.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, case, exists, func, update
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from safety_service.domain.delivery import Waiting
from safety_service.domain.notifying import Receiver
from safety_service.domain.types import LIFE_SAFETY_KINDS, SEVERITY_RANK, Alert, Transition
from safety_service.store import escalations
from safety_service.store.dialect import insert
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables import AlertTransition, StoredAlert
from safety_service.store.tables_outbox import Channel, Notification

_STEP = Transition.__struct_fields__
WAITING, DELIVERED, FAILED, WITHHELD = "waiting", "delivered", "failed", "withheld"


def receivers(session: Session) -> list[Receiver]:
    """Every enabled channel as the decision sees it."""
    rows = session.exec(select(Channel).where(col(Channel.enabled)).order_by(Channel.id)).all()
    return [
        Receiver(
            channel=row.id,
            recipient=str(row.config.get("recipient", "")),
            schools=frozenset(row.schools),
            min_severity=row.min_severity,
            send_resolved=row.send_resolved,
        )
        for row in rows
    ]


def add(session: Session, owed: Sequence[tuple[int, Alert, Transition, Receiver]], now: datetime) -> None:
    """Writes the rows, due at once; the unique key keeps a repeated step from telling anybody twice.

    A transition can lie after `now`: the rules' clock never goes back, that of the machine can be set back.
    """
    if not owed:
        return
    rows: list[dict[str, Any]] = [
        {
            "alert_id": alert.id,
            "transition": number,
            "channel": receiver.channel,
            "recipient": receiver.recipient,
            "school": alert.school,
            "state": WAITING,
            "attempts": 0,
            "created_at": transition.at,
            "next_attempt_at": min(transition.at, now),
        }
        for number, alert, transition, receiver in owed
    ]
    session.connection().execute(insert(session, Notification).on_conflict_do_nothing(), rows)


def any_due(session: Session, now: datetime, busy: Collection[str]) -> bool:
    """Whether a claim would be worth its write lock."""
    statement = (
        select(Notification.id)
        .join(Channel, col(Channel.id) == col(Notification.channel))
        .where(*_due(now, busy))
        .limit(1)
    )
    return session.exec(statement).first() is not None


def read_due(
    session: Session,
    now: datetime,
    busy: Collection[str],
    each: int,
    gathering: Collection[str] = frozenset(),
    most: int = 0,
) -> dict[str, list[Waiting]]:
    """What may be sent now, by channel: of each school the `each` most urgent critical and other rows.

    Of the channels in `gathering`, which may send them together, `most` instead of `each`.
    """
    rank = case(SEVERITY_RANK, value=col(AlertTransition.severity), else_=0)
    critical = col(AlertTransition.severity) == "critical"
    vital = col(StoredAlert.kind).in_(sorted(LIFE_SAFETY_KINDS))
    place = func.row_number().over(
        partition_by=(col(Notification.channel), col(Notification.school), critical, vital),
        order_by=(rank.desc(), col(Notification.id)),
    )
    columns: list[Any] = [col(Notification.id), col(Notification.channel), col(Notification.school)]
    ranked = (
        sa_select(*columns, rank.label("rank"), vital.label("vital"), place.label("place"))
        .join(AlertTransition, col(AlertTransition.number) == col(Notification.transition))
        .join(StoredAlert, col(StoredAlert.id) == col(Notification.alert_id))
        .join(Channel, col(Channel.id) == col(Notification.channel))
        .where(*_due(now, busy), ~_behind_another())
        .subquery()
    )
    limit = case((ranked.c.channel.in_(sorted(gathering)), most), else_=each)
    names = ("id", "channel", "school", "rank", "vital")
    statement = sa_select(*(ranked.c[name] for name in names)).where(ranked.c.place <= limit)
    found: dict[str, list[Waiting]] = {}
    for number, channel, school, severity, is_vital in session.connection().execute(statement):
        is_critical = severity == SEVERITY_RANK["critical"]
        row = Waiting(id=number, school=school, critical=is_critical, rank=severity, vital=bool(is_vital))
        found.setdefault(channel, []).append(row)
    return found


def claim(session: Session, ids: Sequence[int], now: datetime, lease_until: datetime) -> list[Notification]:
    """Takes these rows unless somebody else has: their attempt is counted, nobody sends them until the lease.

    Returns the rows taken, in the order asked for.
    """
    free: list[Any] = [
        col(Notification.id).in_(ids),
        Notification.state == WAITING,
        col(Notification.next_attempt_at) <= now,
    ]
    # PostgreSQL: passes over rows that another claim holds at this moment; SQLite has one writer anyway.
    locked = session.exec(select(Notification.id).where(*free).with_for_update(skip_locked=True)).all()
    taken = session.exec(
        update(Notification)
        .where(*free, col(Notification.id).in_(locked))
        .values(attempts=col(Notification.attempts) + 1, next_attempt_at=lease_until)
        .returning(col(Notification.id))
        .execution_options(synchronize_session=False)
    )
    numbers = {row[0] for row in taken}
    rows = session.exec(select(Notification).where(col(Notification.id).in_(numbers))).all()
    order = {number: place for place, number in enumerate(ids)}
    return sorted(rows, key=lambda row: order[row.id])


def transitions_of(session: Session, rows: Sequence[Notification]) -> dict[int, Transition]:
    """The transitions that these rows are about, by number."""
    wanted = {row.transition for row in rows}
    found = session.exec(select(AlertTransition).where(col(AlertTransition.number).in_(wanted)))
    return {row.number: Transition(**{name: getattr(row, name) for name in _STEP}) for row in found}


def told_before(session: Session, row: Notification) -> str | None:
    """The last change of this alert that this receiver has truly got, before this one."""
    statement = (
        select(AlertTransition.change)
        .join(Notification, col(Notification.transition) == col(AlertTransition.number))
        .where(
            Notification.alert_id == row.alert_id,
            Notification.channel == row.channel,
            Notification.recipient == row.recipient,
            Notification.state == DELIVERED,
            Notification.transition < row.transition,
        )
        .order_by(col(Notification.transition).desc())
        .limit(1)
    )
    return session.exec(statement).first()


def settle_delivered(session: Session, number: int, answer: str, at: datetime) -> None:
    """The receiver has it: true whoever holds the claim by now, and if it was given up meanwhile."""
    statement = update(Notification).where(
        col(Notification.id) == number, col(Notification.state) != DELIVERED
    )
    done = statement.values(state=DELIVERED, answer=answer, delivered_at=at)
    session.exec(done.execution_options(synchronize_session=False))


def settle_retry(session: Session, number: int, attempts: int, answer: str, at: datetime) -> None:
    """Due again at `at`, unless the claim (known by its count of attempts) has passed to somebody else."""
    mine = [Notification.id == number, Notification.attempts == attempts]
    _settle(session, mine, {"answer": answer, "next_attempt_at": at})


def settle_ended(session: Session, number: int, answer: str, state: str = FAILED) -> None:
    """It will not be tried again: failed, or withheld because it has become pointless."""
    if state == FAILED:
        escalations.hurry(session, [Notification.id == number], f"notification {number} failed for good")
    _settle(session, [Notification.id == number], {"state": state, "answer": answer})


def give_back(session: Session, number: int, attempts: int, now: datetime) -> None:
    """Undoes a claim of which nothing was sent."""
    mine = [Notification.id == number, Notification.attempts == attempts]
    _settle(session, mine, {"attempts": attempts - 1, "next_attempt_at": now})


def end_all(session: Session, channel: str, answer: str) -> None:
    """Nothing that still waits for this channel will be sent."""
    escalations.hurry(session, [Notification.channel == channel], f"the channel {channel} was stopped")
    _settle(session, [Notification.channel == channel], {"state": FAILED, "answer": answer})


def hurry(session: Session, channel: str, now: datetime, beyond: datetime) -> None:
    """Makes rows due that wait for a later attempt; up to `beyond` they may be in somebody's hand."""
    waiting = [Notification.channel == channel, col(Notification.next_attempt_at) > beyond]
    _settle(session, waiting, {"next_attempt_at": now})


def follow_clock(session: Session, now: datetime, latest: datetime) -> None:
    """After the clock was set back: what nobody has tried is due `now`, the rest by `latest`."""
    due = col(Notification.next_attempt_at)
    _settle(session, [Notification.attempts == 0, due > now], {"next_attempt_at": now})
    _settle(session, [due > latest], {"next_attempt_at": latest})


class NotificationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; empty fields do not limit."""

    state: str | None = None
    alert_id: int | None = None
    channel: str | None = None


def list_page(
    session: Session, wanted: NotificationFilter, after: Key | None, limit: int
) -> Page[Notification]:
    """Newest first."""
    statement: SelectOfScalar[Notification] = select(Notification)
    for field in ("state", "alert_id", "channel"):
        value = getattr(wanted, field)
        if value is not None:
            statement = statement.where(getattr(Notification, field) == value)
    return page(session, statement, [Notification.id], after=after, limit=limit, descending=True)


def _due(now: datetime, busy: Collection[str]) -> list[Any]:
    return [
        Notification.state == WAITING,
        col(Notification.next_attempt_at) <= now,
        col(Channel.enabled),
        col(Notification.channel).not_in(sorted(busy)),
    ]


def _behind_another() -> ColumnElement[bool]:
    earlier = aliased(Notification)
    return exists().where(
        col(earlier.alert_id) == col(Notification.alert_id),
        col(earlier.transition) < col(Notification.transition),
        col(earlier.channel) == col(Notification.channel),
        col(earlier.recipient) == col(Notification.recipient),
        col(earlier.state) == WAITING,
    )


def _settle(session: Session, which: Sequence[Any], values: Mapping[str, Any]) -> None:
    statement = update(Notification).where(col(Notification.state) == WAITING, *which).values(**values)
    session.exec(statement.execution_options(synchronize_session=False))
