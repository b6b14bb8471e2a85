"""An inspection as it is sent, over REST and MQTT alike: what the body says before any scheme has read it."""

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from safety_service.domain.errors import Refused
from safety_service.domain.scoring.fields import DateField
from safety_service.domain.scoring.form import VISIT_DATE
from safety_service.domain.scoring.numbers import exact, exact_text, read_date
from safety_service.domain.scoring.scheme import Scheme
from safety_service.domain.scoring.text import read_text

DEFAULT_SCHEME = "cn.dynamic_2012"
FACTS = ("licence_issued", "accident", "penalty_beyond_warning")
"""Dates that the county keeps of a cafeteria and a scheme may ask for."""

_WITHOUT_ORDER = ("items", "violations", "dismissed_at_hearing")
_ENVELOPE = {"id": 200, "cafeteria": 80, "scheme": 80, "inspector": 100, "note": 4000}


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """The body in two parts: the envelope, and `form`, which the scheme reads (date, facts, answers).

    `client_id`: the sender's own id of this inspection, which makes it one and the same on every way in.
    """

    client_id: str | None
    cafeteria: str | None
    scheme: str
    inspector: str | None
    note: str | None
    form: dict[str, Any]


def read_submission(body: object) -> Submission:
    """Splits the body; raises Refused with every wrong place of the envelope."""
    if not isinstance(body, Mapping):
        raise Refused("an inspection is an object", place="body")
    problems: list[tuple[str, str]] = []
    texts = {name: read_text(body.get(name), name, longest, problems) for name, longest in _ENVELOPE.items()}
    if problems:
        raise Refused(problems[0][1], place=problems[0][0], problems=problems)
    return Submission(
        client_id=texts["id"],
        cafeteria=texts["cafeteria"],
        scheme=texts["scheme"] or DEFAULT_SCHEME,
        inspector=texts["inspector"],
        note=texts["note"],
        form={name: value for name, value in body.items() if name not in _ENVELOPE},
    )


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
