"""Records of duties as they are sent: what was done, what was found, and which evidence is beyond a limit."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

import msgspec

from safety_service.domain.duties import Duty, Evidence
from safety_service.domain.errors import Refused
from safety_service.domain.rules.matching import did_you_mean
from safety_service.domain.scoring.text import read_text

CLOCKS_APART = timedelta(minutes=5)
LONGEST_TEXT = 400

Problems = list[tuple[str, str]]


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A number beyond its limit; `limit` is what it should have been at least (or, with `most`, at most)."""

    name: str
    value: float
    limit: float
    most: bool
    unit: str | None


def check_time(done_at: datetime, now: datetime, problems: Problems) -> None:
    """What was done lies in the past; clocks may be a little apart."""
    if done_at > now + CLOCKS_APART:
        problems.append(("done_at", "lies in the future"))


def read_evidence(duty: Duty, sent: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """The evidence that the duty asks for; what is wrong or missing becomes a problem."""
    wanted = {one.name: one for one in duty.evidence}
    for name in sent:
        if name not in wanted:
            hint = did_you_mean(name, sorted(wanted))
            problems.append((f"evidence.{name}", f"{duty.id} has no such evidence{hint}"))
    found = {}
    for name, one in wanted.items():
        if sent.get(name) is None:
            if one.required:
                problems.append((f"evidence.{name}", f"is missing ({one.title.en})"))
            continue
        value = _value(one, sent[name], f"evidence.{name}", problems)
        if value is not None:
            found[name] = value
    return found


def breaches(duty: Duty, evidence: Mapping[str, Any]) -> list[Breach]:
    """The numbers that are beyond their limits."""
    found = []
    for one in duty.evidence:
        value = evidence.get(one.name)
        if one.type != "number" or value is None:
            continue
        for limit, most in ((one.at_least, False), (one.at_most, True)):
            if limit is not None and (value > limit if most else value < limit):
                found.append(Breach(name=one.name, value=value, limit=limit, most=most, unit=one.unit))
    return found


def refuse(problems: Problems) -> None:
    """Raises Refused with all of them, if there are any."""
    if problems:
        raise Refused("; ".join(f"{place}: {why}" for place, why in problems), problems=problems)


def _value(one: Evidence, sent: Any, place: str, problems: Problems) -> Any:
    if one.type == "number":
        if isinstance(sent, bool) or not isinstance(sent, int | float) or not isfinite(sent) or sent < 0:
            problems.append((place, "is a number from 0"))
            return None
        return sent
    if one.type == "yes_no":
        if not isinstance(sent, bool):
            problems.append((place, "is true or false"))
            return None
        return sent
    before = len(problems)
    text = read_text(sent, place, LONGEST_TEXT, problems)
    if text is None and len(problems) == before and one.required:
        problems.append((place, f"is empty ({one.title.en})"))
    return text
