"""Images that events only link to: which links are followed, what an answer means, when to ask again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urljoin, urlsplit

import msgspec

from safety_service.domain.networks import Network, is_allowed, literal_addresses
from safety_service.domain.snapshots import Image

WAITS = (5, 20, 60, 300, 900)
"""Seconds before each further attempt: a recorder writes the picture a little after it has told of it."""
GIVEN_UP_AFTER = timedelta(hours=1)
"""Then the picture of the moment is gone from the device, or it is one of another moment."""
MOST_REDIRECTS = 2
LONGEST_LINK = 2048
"""Bytes: with the school it has to fit into a page of an index."""
_NO_USE = frozenset({400, 401, 403, 405, 410})

Outcome = Literal["retry", "failed"]


class Miss(msgspec.Struct, frozen=True):
    """Why there is no image; `away`: the host itself could not be reached, so others of it can wait too."""

    outcome: Outcome
    answer: str
    away: bool = False


Fetched = Image | Miss


def host_of(link: str) -> str | None:
    """Whom a link asks, in lower case; None where it is no http or https address."""
    try:
        parts = urlsplit(link)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or len(link.encode()) > LONGEST_LINK:
        return None
    return host or None


def is_followed(link: str, networks: Sequence[Network]) -> bool:
    """Whether it is worth an attempt; a name is judged by its addresses, when connecting."""
    host = host_of(link)
    return host is not None and all(is_allowed(found, networks) for found in literal_addresses(host))


def redirected(link: str, location: str) -> str | None:
    """The link behind a redirect on the same host; None where it leads to another: nobody has named that."""
    target = urljoin(link, location)
    return target if host_of(target) is not None and host_of(target) == host_of(link) else None


def judge_status(status: int) -> Miss | None:
    """None for an answer that brings something."""
    if status == 200:
        return None
    if status in _NO_USE:
        return Miss("failed", f"HTTP {status}")
    return Miss("retry", f"HTTP {status}")


def judge_media_type(header: str | None) -> Miss | None:
    """None where the answer may be an image: many cameras name no type, or that of any bytes."""
    named = (header or "").partition(";")[0].strip().lower()
    if not named or named.startswith("image/") or named == "application/octet-stream":
        return None
    return Miss("failed", f"not an image, but {named[:100]}")


def next_attempt(attempts: int, created_at: datetime, now: datetime) -> datetime | None:
    """When it is tried again after so many attempts; None where it is given up."""
    if attempts > len(WAITS):
        return None
    again = now + timedelta(seconds=WAITS[attempts - 1])
    return again if again - created_at <= GIVEN_UP_AFTER else None
