"""Escalation policies, and how far each alert has come in its own.

What is due is found by an index over those that are due; a row is claimed by its lock and by the number of
steps that were behind it, so that no step is taken twice whoever looks.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from safety_service.domain.errors import NotFound
from safety_service.domain.escalation import Progress
from safety_service.domain.types import LIFE_SAFETY_KINDS
from safety_service.store.dialect import insert
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables import AlertTransition, StoredAlert
from safety_service.store.tables_escalation import Escalation, EscalationPolicy
from safety_service.store.tables_outbox import Notification

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Due whatever the clock says."""
_MANY = 500
_PLAIN: dict[str, Any] = {"synchronize_session": False}


def find_policy(session: Session, policy_id: str) -> EscalationPolicy | None:
    return session.exec(select(EscalationPolicy).where(EscalationPolicy.id == policy_id)).one_or_none()


def get_policy(session: Session, policy_id: str) -> EscalationPolicy:
    """Raises NotFound."""
    row = find_policy(session, policy_id)
    if row is None:
        raise NotFound(f"there is no escalation policy {policy_id!r}", place="path.policy_id")
    return row


def list_policies(session: Session, after: Key | None, limit: int) -> Page[EscalationPolicy]:
    """By id."""
    return page(session, select(EscalationPolicy), [EscalationPolicy.id], after=after, limit=limit)


def every_policy(session: Session) -> Sequence[EscalationPolicy]:
    return session.exec(select(EscalationPolicy).order_by(EscalationPolicy.id)).all()


def start(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Begins the escalation of alerts, or begins it anew; `rows` hold every column."""
    if not rows:
        return
    statement = insert(session, Escalation)
    renewed = {name: statement.excluded[name] for name in rows[0] if name != "alert_id"}
    statement = statement.on_conflict_do_update(index_elements=["alert_id"], set_=renewed)
    session.connection().execute(statement, rows)


def stop(session: Session, alert_ids: Collection[int]) -> None:
    """Ends the escalation of these alerts; one that has none is left out."""
    for some in _pieces(alert_ids):
        statement = update(Escalation).where(col(Escalation.alert_id).in_(some), _active())
        _run(session, statement.values(next_due_at=None, held_at=None, hurried_by=None))


def any_due(session: Session, now: datetime) -> bool:
    """Whether a look would be worth its locks."""
    due = select(Escalation.alert_id).where(col(Escalation.next_due_at) <= now)
    return session.execute(select(or_(due.exists(), _released().exists()))).scalar_one() is True


def claim_due(session: Session, now: datetime, schools: Collection[str]) -> Sequence[Escalation]:
    """Locks some of what is due, the longest overdue first; passes over what another look has in hand.

    `schools` empty: of every school.
    """
    statement = select(Escalation).where(col(Escalation.next_due_at) <= now)
    if schools:
        statement = statement.where(col(Escalation.school).in_(sorted(schools)))
    statement = statement.order_by(col(Escalation.next_due_at), col(Escalation.alert_id)).limit(_MANY)
    return _fresh(session, statement.with_for_update(skip_locked=True))


def claim_released(session: Session, schools: Collection[str]) -> Sequence[Escalation]:
    """Locks those that are held and whose alert is suppressed no more."""
    ids = session.exec(_released().order_by(col(Escalation.held_at)).limit(_MANY)).all()
    statement = select(Escalation).where(
        col(Escalation.alert_id).in_(ids), col(Escalation.held_at).is_not(None)
    )
    if schools:
        statement = statement.where(col(Escalation.school).in_(sorted(schools)))
    return _fresh(session, statement.with_for_update(skip_locked=True))


def claim_running(session: Session, schools: Collection[str]) -> Sequence[Escalation]:
    """Locks all that run or are held, for a clock that was set back."""
    statement = select(Escalation).where(_active())
    if schools:
        statement = statement.where(col(Escalation.school).in_(sorted(schools)))
    return _fresh(session, statement.with_for_update())


def go_on(
    session: Session,
    row: Escalation,
    progress: Progress,
    next_due_at: datetime | None,
    held_at: datetime | None = None,
) -> bool:
    """Moves a row on; False where somebody else has moved or stopped it since it was read."""
    statement = update(Escalation).where(
        col(Escalation.alert_id) == row.alert_id,
        col(Escalation.run) == row.run,
        col(Escalation.passed) == row.passed,
        _active(),
    )
    moved = statement.values(
        counts_from=progress.counts_from,
        passed=progress.passed,
        hurried_by=progress.hurried_by,
        next_due_at=next_due_at,
        held_at=held_at,
    )
    result: Any = session.exec(moved.execution_options(**_PLAIN))
    return bool(result.rowcount == 1)


def hurry(session: Session, failing: Sequence[Any], why: str) -> None:
    """Makes the next step due at once for the alerts of waiting notifications that are about to fail.

    `failing` are conditions on Notification. One from before the escalation began does not count.
    """
    waiting = [Notification.state == "waiting", *failing]
    lost = select(Notification.id).where(
        Notification.alert_id == Escalation.alert_id, Notification.transition >= Escalation.run, *waiting
    )
    # Said twice: the list of alerts is what the databases begin with, instead of with every escalation.
    about = select(Notification.alert_id).where(*waiting)
    which = update(Escalation).where(col(Escalation.alert_id).in_(about), _active(), lost.exists())
    # A held one stays held: the hurry is remembered, and is there when the suppression ends.
    _run(session, which.where(col(Escalation.held_at).is_(None)).values(next_due_at=AT_ONCE))
    _run(session, which.values(hurried_by=why))


def told_by_steps(session: Session, alert_ids: Collection[int]) -> list[tuple[int, str]]:
    """(alert, channel) for whoever was to be told by a step of an escalation."""
    found: list[tuple[int, str]] = []
    for some in _pieces(alert_ids):
        statement = (
            select(Notification.alert_id, Notification.channel)
            .join(AlertTransition, col(AlertTransition.number) == col(Notification.transition))
            .where(col(Notification.alert_id).in_(some), AlertTransition.change == "escalated")
            .distinct()
        )
        found.extend(session.exec(statement).all())
    return found


def known_alerts(session: Session, alert_ids: Collection[int]) -> frozenset[int]:
    """Those of the alerts that ever began an escalation."""
    found: list[int] = []
    for some in _pieces(alert_ids):
        statement = select(Escalation.alert_id).where(col(Escalation.alert_id).in_(some))
        found.extend(session.exec(statement))
    return frozenset(found)


def _pieces(ids: Collection[int]) -> Iterator[list[int]]:
    """So that no statement has more parameters than the databases take."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), _MANY):
        yield ordered[start : start + _MANY]


def _active() -> Any:
    return or_(col(Escalation.next_due_at).is_not(None), col(Escalation.held_at).is_not(None))


def _released() -> Any:
    return (
        select(Escalation.alert_id)
        .join(StoredAlert, col(StoredAlert.id) == col(Escalation.alert_id))
        .where(
            col(Escalation.held_at).is_not(None),
            or_(
                col(StoredAlert.suppressed_by).is_(None), col(StoredAlert.kind).in_(sorted(LIFE_SAFETY_KINDS))
            ),
        )
    )


def _fresh(session: Session, statement: Any) -> Sequence[Escalation]:
    rows: Sequence[Escalation] = session.exec(statement.execution_options(populate_existing=True)).all()
    return rows


def _run(session: Session, statement: Any) -> None:
    session.exec(statement.execution_options(**_PLAIN))
