"""Figures of the handling of alerts: grouped, ordered, named, and with the list behind each."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlmodel import Session

from safety_service.domain.figures import Figures, figures_of
from safety_service.services.view_figures import link
from safety_service.services.wording import kind_name, severity_name
from safety_service.store import figures as rows
from safety_service.store.figures import By, FigureFilter
from safety_service.store.paging import Key, Page

Order = Literal["alerts", "counted", "false_alarms", "waiting", "unseen", "acknowledge", "close"]


class Named(msgspec.Struct, frozen=True):
    """The figures of one group with its name and the address of its alerts."""

    figures: Figures
    name: Mapping[str, str]
    list: str


def figures(
    session: Session, wanted: FigureFilter, by: By, order: Order, *, now: datetime, patience: timedelta
) -> list[Figures]:
    """All groups, the highest of `order` first (of times the longest median), then by name."""
    found = figures_of(rows.read_handling(session, wanted, by), now - patience)
    return sorted(found, key=lambda one: _place(one, order))


def page_of(found: Sequence[Figures], order: Order, after: Key | None, limit: int) -> Page[Figures]:
    """Up to `limit` groups behind the one whose place is `after`."""
    if after is not None:
        found = [one for one in found if _place(one, order) > tuple(after)]
    following = _place(found[limit - 1], order) if len(found) > limit else None
    return Page(found[:limit], following)


def _place(one: Figures, order: Order) -> Key:
    measured = getattr(one, order)
    number = measured.median if order in {"acknowledge", "close"} else measured
    return (-(number or 0), *one.group)


def named(session: Session, found: Sequence[Figures], by: By, wanted: FigureFilter) -> list[Named]:
    """Each group of a page with what people call it, read in one query."""
    names = _names(session, found, by)
    return [Named(one, names.get(one.group, {}), _address(one, by, wanted)) for one in found]


def _names(session: Session, found: Sequence[Figures], by: By) -> dict[tuple[str, ...], Mapping[str, str]]:
    if by == "school":
        schools = rows.school_names(session, [one.group[0] for one in found])
        return {(code,): name for code, name in schools.items()}
    if by == "rule":
        # As the newest alert of the group is titled: a rule may be gone, or called otherwise, by now.
        titles = rows.titles_of(session, [one.newest for one in found])
        return {one.group: titles.get(one.newest, {}) for one in found}
    if by == "device":
        devices = rows.device_names(session, [one.group for one in found])
        return {pair: {"zh": name, "en": name} for pair, name in devices.items()}
    if by == "all":
        return {}
    called = kind_name if by == "kind" else severity_name
    return {one.group: called(one.group[0]) for one in found}


def _address(one: Figures, by: By, wanted: FigureFilter) -> str:
    query: dict[str, str | datetime] = {"from": wanted.raised.since}
    if wanted.raised.until is not None:
        query["to"] = wanted.raised.until
    for field in ("school", "kind"):
        if getattr(wanted, field) is not None:
            query[field] = getattr(wanted, field)
    # One severity only: an address names a field once.
    if len(wanted.severity) == 1:
        query["severity"] = wanted.severity[0]
    names = {"all": (), "device": ("school", "device")}.get(by, (by,))
    return link("alerts", query | dict(zip(names, one.group, strict=True)))
