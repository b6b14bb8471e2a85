"""Counts the codes that no vendor profile knew, so that an operator sees what to map."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from safety_service.domain.decoding.profiles import PROFILES, code_text
from safety_service.domain.decoding.vendornames import READ_BY_NAME, meant
from safety_service.domain.types import Event
from safety_service.store import unmapped
from safety_service.store.paging import Key, Page
from safety_service.store.unmapped import Place, Sighting, UnmappedTotal

OTHER = "other"


def note(session: Session, new: Sequence[Event], counts: Mapping[tuple[str, datetime, str], int]) -> None:
    """Counts those among the new events. `counts` are the roll-up's: without `other` in it there are none."""
    if any(kind == OTHER for _, _, kind in counts):
        seen = sightings(new)
        if seen:
            unmapped.add(session, seen)


def sightings(events: Iterable[Event]) -> dict[Place, Sighting]:
    """How often each unknown code came; what a profile maps to `other` is known."""
    seen: dict[Place, Sighting] = {}
    for event in events:
        if event.kind != OTHER:
            continue
        attributes = event.attributes
        code = code_text(attributes.get("code") or attributes.get("vendor_code") or "")
        vendor = str(attributes.get("profile") or event.format)
        if not code or is_mapped(vendor, code):
            continue
        place = (event.school, vendor, code)
        before = seen.get(place)
        count = before.times + 1 if before else 1
        seen[place] = Sighting(event.format, count, event.received_at, event.device)
    return seen


def is_mapped(vendor: str, code: str) -> bool:
    profile = PROFILES.get(vendor)
    if profile is None:
        return False
    # A name is known however it is written, and also where its value said nothing of use.
    found = meant(vendor, code)[0] if vendor in READ_BY_NAME else profile.look_up(code)
    return found.known


def still_unmapped(session: Session, after: Key | None, limit: int) -> Page[UnmappedTotal]:
    """A page of totals without those that a profile has come to know since."""
    page = unmapped.totals(session, after, limit)
    return Page([row for row in page.rows if not is_mapped(row.vendor, row.code)], page.next)
