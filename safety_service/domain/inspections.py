"""An inspection as it is sent, over REST and MQTT alike: what the body says before any scheme has read it."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from safety_service.domain.deadlines import LONGEST_DAYS, days_later
from safety_service.domain.errors import Refused
from safety_service.domain.inspection_parts import (
    Attached,
    FollowUp,
    Place,
    read_attachments,
    read_moment,
    read_people,
    read_place,
    read_row_id,
    split_items,
)
from safety_service.domain.scoring.fields import DateField
from safety_service.domain.scoring.form import VISIT_DATE
from safety_service.domain.scoring.numbers import exact, exact_text, read_date, shown
from safety_service.domain.scoring.scheme import Scheme
from safety_service.domain.scoring.text import read_text

DEFAULT_SCHEME = "cn.dynamic_2012"
FACTS = ("licence_issued", "accident", "penalty_beyond_warning")
"""Dates that the county keeps of a cafeteria and a scheme may ask for."""

CLOCKS_DIFFER = timedelta(minutes=15)
"""How far ahead of ours the clock of a phone may be."""

_TEXTS = {"id": 200, "cafeteria": 80, "scheme": 80, "inspector": 100, "note": 4000}
_ENVELOPE = frozenset(
    {*_TEXTS, "inspectors", "place", "started_at", "finished_at", "corrects", "attachments"}
)
_WITHOUT_ORDER = ("items", "attachments", "violations", "dismissed_at_hearing")


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """The body in two parts: the envelope, and `form`, which the scheme reads (date, facts, answers).

    `client_id`: the sender's own id of this inspection, which makes it one and the same on every way in.
    `corrects`: the inspection that this one stands in for. `follow_ups`: by code, of the items that name one.
    """

    client_id: str | None
    cafeteria: str | None
    scheme: str
    inspectors: tuple[str, ...]
    note: str | None
    place: Place | None
    started_at: datetime | None
    finished_at: datetime | None
    corrects: int | None
    attachments: tuple[Attached, ...]
    follow_ups: dict[str, FollowUp]
    form: dict[str, Any]


class Draft(msgspec.Struct, frozen=True):
    """A submission with an id, as it was sent: what is kept of one that was refused.

    `cafeteria` is None where the body names none: the school's only one is meant.
    """

    school: str
    cafeteria: str | None
    client_id: str
    body: dict[str, Any]
    submitted_by: str
    submitted_at: datetime


class RefusedInspection(Refused):
    """A refused submission together with what is worth keeping of it."""

    def __init__(self, why: Refused, draft: Draft) -> None:
        super().__init__(why.reason, place=why.place, slug=why.slug, problems=why.problems)
        self.draft = draft


def read_submission(body: object) -> Submission:
    """Splits the body; raises Refused with every wrong place of the envelope."""
    if not isinstance(body, Mapping):
        raise Refused("an inspection is an object", place="body")
    problems: list[tuple[str, str]] = []
    texts = {name: read_text(body.get(name), name, longest, problems) for name, longest in _TEXTS.items()}
    form = {name: value for name, value in body.items() if name not in _ENVELOPE}
    follow_ups: dict[str, FollowUp] = {}
    if "items" in form:
        form["items"], follow_ups = split_items(form["items"], problems)
    read = Submission(
        client_id=texts["id"],
        cafeteria=texts["cafeteria"],
        scheme=texts["scheme"] or DEFAULT_SCHEME,
        inspectors=read_people(texts["inspector"], body.get("inspectors"), problems),
        note=texts["note"],
        place=read_place(body.get("place"), problems),
        started_at=read_moment(body.get("started_at"), "started_at", problems),
        finished_at=read_moment(body.get("finished_at"), "finished_at", problems),
        corrects=read_row_id(body.get("corrects"), "corrects", problems),
        attachments=read_attachments(body.get("attachments"), problems),
        follow_ups=follow_ups,
        form=form,
    )
    if read.corrects is not None and read.note is None:
        problems.append(("note", "is missing: a correction says why it is made"))
    refuse(problems)
    return read


def refuse(problems: list[tuple[str, str]]) -> None:
    """Raises Refused with all problems, the first of them in front; nothing where there are none."""
    if problems:
        raise Refused(problems[0][1], place=problems[0][0], problems=problems)


def client_id_of(body: object) -> str | None:
    """The sender's id of a submission of which anything else may be wrong."""
    problems: list[tuple[str, str]] = []
    given = body.get("id") if isinstance(body, Mapping) else None
    return read_text(given, "id", _TEXTS["id"], problems)


def check_times(submission: Submission, now: datetime) -> None:
    """Neither in the future, nor the end before the beginning."""
    problems = [
        (name, f"{moment.isoformat()} is in the future (it is {now.isoformat(timespec='seconds')})")
        for name in ("started_at", "finished_at")
        if (moment := getattr(submission, name)) is not None and moment > now + CLOCKS_DIFFER
    ]
    started, finished = submission.started_at, submission.finished_at
    if started is not None and finished is not None and finished < started:
        problems.append(("finished_at", f"{finished.isoformat()} is before started_at"))
    refuse(problems)


def check_items_named(scheme: Scheme, submission: Submission, visited_on: date) -> None:
    """Files show items of this form, and nothing is to be put right before it was found."""
    codes = {item.code for item in scheme.checklist.all_items()} if scheme.checklist else set()
    problems = [
        (f"attachments[{index}].item", f'"{shown(file.item)}" is not in scheme {scheme.id}')
        for index, file in enumerate(submission.attachments)
        if file.item is not None and file.item not in codes
    ]
    # From the day of the visit: what was found in a kitchen without signal may arrive days later.
    furthest = days_later(visited_on, LONGEST_DAYS)
    for found in submission.follow_ups.values():
        if found.due is not None and found.due < visited_on:
            problems.append((f"items[{found.index}].due", f"{found.due} is before the visit on {visited_on}"))
        elif found.due is not None and found.due > furthest:
            reason = f"{found.due} is more than {LONGEST_DAYS} days after the visit"
            problems.append((f"items[{found.index}].due", reason))
    refuse(problems)


def visit_date(scheme: Scheme, form: Mapping[str, Any], today: date) -> date:
    """The day of the visit, which must not lie in the future; only a scheme of single visits has one."""
    if scheme.scores != "visit":
        raise Refused(f"{scheme.id} does not score a single visit", place="scheme")
    if form.get(VISIT_DATE) is None:
        raise Refused("is missing", place=VISIT_DATE)
    day = read_date(form[VISIT_DATE])
    if day is None:
        raise Refused("is not a date (YYYY-MM-DD)", place=VISIT_DATE)
    if day > today:
        raise Refused(f"{day} is in the future (today is {today})", place=VISIT_DATE)
    return day


def with_known_facts(
    scheme: Scheme, form: Mapping[str, Any], known: Mapping[str, date | None], visited_on: date
) -> dict[str, Any]:
    """The form with the dates that the county knows of the cafeteria, as they stood on the day of the visit.

    Of a date sent and a date known the later one counts: a form can add an accident, never hide one. What
    happened after the visit is no part of it.
    """
    merged = dict(form)
    for name in FACTS:
        if not isinstance(scheme.field(name), DateField):
            continue
        day = known.get(name)
        day = day if day is not None and day <= visited_on else None
        if merged.get(name) is None:
            merged[name] = day
        else:
            sent = read_date(merged[name])
            if sent is not None and day is not None and day > sent:
                merged[name] = day
    return merged


def fingerprint(body: object) -> str:
    """The same for the same content, however numbers are written and answers are ordered."""
    canonical = msgspec.json.encode(_canonical(body), order="sorted")
    return hashlib.sha256(canonical).hexdigest()


def _canonical(value: object) -> Any:
    if isinstance(value, Mapping):
        return {
            _text(name): _in_order(item) if name in _WITHOUT_ORDER else _canonical(item)
            for name, item in value.items()
            if item is not None
        }
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        number = exact(value)
        return str(value) if number is None else exact_text(number)
    return _text(value)


def _text(value: object) -> str:
    # Half a surrogate pair is valid JSON and cannot be encoded; it is refused later, with its place.
    return str(value).encode("utf-8", "backslashreplace").decode()


def _in_order(items: object) -> Any:
    answers = _canonical(items)
    if not isinstance(answers, list):
        return answers
    return sorted(answers, key=lambda answer: msgspec.json.encode(answer, order="sorted"))
