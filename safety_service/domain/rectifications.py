"""The life of a rectification: owed, reported done with a photo, and accepted by somebody else.

    open -> done -> accepted          returned -> done -> ...
              └──> returned           open, returned, done -> cancelled

Open and returned are owed: they can be late. Done waits for whoever accepts it, and is late no more. Each
function is one step: the state before it in, the state after it and the row of the history out.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from safety_service.domain.deadlines import RectificationPeriods, days_later
from safety_service.domain.errors import Conflict, Forbidden, Refused
from safety_service.domain.rectified import (
    ENDED,
    MOST_PHOTOS,
    OWED,
    Change,
    Rectified,
    Step,
    check_photos,
    must_be,
    needed,
    step_to,
)


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What an inspector says about a failed item; empty fields leave things as they are."""

    owner: str | None = None
    due_on: date | None = None
    photos: tuple[str, ...] = ()


NO_ORDERS = Orders()


def due_day(periods: RectificationPeriods, key: bool, today: date, wanted: date | None) -> date:
    """When something found today is due: as set by whoever found it, else after the county's days.

    A key item is never due later than the county allows for key items, whatever date was set.
    """
    if key:
        latest = days_later(today, periods.key_days)
        return latest if wanted is None else min(wanted, latest)
    return wanted if wanted is not None else days_later(today, periods.days)


def assign(
    before: Rectified,
    to: str,
    by: str,
    now: datetime,
    *,
    due_on: date | None = None,
    comment: str | None = None,
) -> Change:
    """Says who is to do it, and with `due_on` by when. Raises Conflict where nothing is owed any more."""
    must_be(before, OWED, "assigned")
    owner = to.strip()
    if not owner:
        raise Refused("name whom to assign it to", place="owner")
    due = due_on or before.due_on
    if (owner, due) == (before.owner, before.due_on):
        raise Conflict(f"it is {owner}'s already, due on {due}", slug="already-assigned")
    after = msgspec.structs.replace(before, owner=owner, due_on=due)
    detail: dict[str, Any] = {"from": before.owner, "to": owner}
    if due != before.due_on:
        detail |= _moved(before.due_on, due)
    return step_to(after, "assigned", now, by, comment, detail=detail)


def report_done(
    before: Rectified, photos: Sequence[str], by: str, now: datetime, comment: str | None = None
) -> Change:
    """The owner's side says it is put right, and shows it: without a photo of afterwards it is not done."""
    must_be(before, OWED, "reported done")
    shown = check_photos(photos, "photos")
    if not shown:
        raise Refused("at least one photo taken afterwards is needed", place="photos")
    after = msgspec.structs.replace(before, status="done", photos_after=shown, done_at=now, done_by=by)
    return step_to(after, "done", now, by, comment, detail={"photos": list(shown)})


def accept(
    before: Rectified, by: str, now: datetime, *, names: Collection[str] = (), comment: str | None = None
) -> Change:
    """Somebody else has looked at it: neither who reported it done nor its owner.

    `names` are all names under which that person may be the owner. Raises Forbidden for their own work.
    """
    must_be(before, {"done"}, "accepted")
    if {before.done_by, before.owner} & {by, *names}:
        raise Forbidden("somebody else than who did it must accept it", slug="own-work")
    after = msgspec.structs.replace(before, status="accepted", ended_at=now, ended_by=by, reason=None)
    return step_to(after, "accepted", now, by, comment)


def send_back(
    before: Rectified, reason: str, by: str, now: datetime, *, today: date, due_on: date | None = None
) -> Change:
    """It is not put right after all; the rest of the day is always left for it, a new date if one is set."""
    must_be(before, {"done"}, "returned")
    why = needed(reason, "reason")
    due = due_on or max(before.due_on, today)
    detail = {"done_by": before.done_by, "photos": list(before.photos_after)}
    if due != before.due_on:
        detail |= _moved(before.due_on, due)
    after = msgspec.structs.replace(_undone(before), due_on=due, reason=why)
    return step_to(after, "returned", now, by, why, detail=detail)


def cancel(
    before: Rectified, reason: str, by: str, now: datetime, *, inspection: int | None = None
) -> Change:
    """It need not be done; why is part of the record."""
    must_be(before, {"open", "returned", "done"}, "cancelled")
    why = needed(reason, "reason")
    after = msgspec.structs.replace(before, status="cancelled", ended_at=now, ended_by=by, reason=why)
    return step_to(after, "cancelled", now, by, why, inspection=inspection)


def remark(before: Rectified, text: str, by: str, now: datetime) -> Change:
    """A remark, at any time."""
    return step_to(before, "commented", now, by, needed(text, "comment"))


def find_again(
    before: Rectified,
    inspection: int,
    by: str,
    now: datetime,
    *,
    today: date,
    orders: Orders = NO_ORDERS,
    before_done: bool = False,
    note: str | None = None,
) -> Change:
    """Another visit found the same item failing: what was reported done is owed again.

    Failing again gives no more time: what is still owed keeps its date unless the inspector set another.
    `before_done`: the visit was before the report, and came in later; then the report stands.
    """
    must_be(before, {"open", "returned", "done"}, "found again")
    owed_again = before.status == "done" and not before_done
    detail: dict[str, Any] = {"photos": list(orders.photos)}
    after = before
    if owed_again:
        detail |= {"done_by": before.done_by, "photos_after": list(before.photos_after)}
        after = msgspec.structs.replace(_undone(before), due_on=max(before.due_on, today))
    after = _ordered(after, orders)
    if after.due_on != before.due_on:
        detail |= _moved(before.due_on, after.due_on)
    return step_to(after, "found_again", now, by, note, inspection=inspection, detail=detail)


def keep(
    before: Rectified, inspection: int, corrects: int, by: str, now: datetime, *, orders: Orders = NO_ORDERS
) -> Change:
    """The corrected inspection fails the item as the one before it did; its owner and day count now."""
    after = before if before.status in ENDED else _ordered(before, orders)
    detail: dict[str, Any] = {"corrects": corrects}
    if after.due_on != before.due_on:
        detail |= _moved(before.due_on, after.due_on)
    return step_to(after, "kept", now, by, inspection=inspection, detail=detail)


def take_back(before: Rectified, inspection: int, corrects: int, by: str, now: datetime) -> Change:
    """The visit that had found it again was corrected and no longer does; it stands for the one before."""
    return step_to(before, "taken_back", now, by, inspection=inspection, detail={"corrects": corrects})


def opened(first: Rectified, by: str, now: datetime, note: str | None, inspection: int | None) -> Step:
    """The first row of the history: who found it, and what was ordered."""
    detail: dict[str, Any] = {
        "owner": first.owner,
        "due_on": first.due_on.isoformat(),
        "photos": list(first.photos_before),
    }
    return step_to(first, "opened", now, by, note, inspection=inspection, detail=detail)[1]


def _ordered(before: Rectified, orders: Orders) -> Rectified:
    photos = tuple(dict.fromkeys((*before.photos_before, *orders.photos)))
    return msgspec.structs.replace(
        before,
        owner=orders.owner or before.owner,
        due_on=orders.due_on or before.due_on,
        photos_before=photos[-MOST_PHOTOS:],
    )


def _undone(before: Rectified) -> Rectified:
    return msgspec.structs.replace(before, status="returned", photos_after=(), done_at=None, done_by=None)


def _moved(before: date, after: date) -> dict[str, Any]:
    return {"due_from": before.isoformat(), "due_to": after.isoformat()}
