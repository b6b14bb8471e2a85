"""The chain over inspection records: what is hashed, in which form, and where a chain no longer holds.

Each hash covers the one before it, so a record that is changed or removed shows as long as anybody has kept
a later head. What is written here is fixed: hashes that were exported years ago are verified with it.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from safety_service.domain.errors import Refused

GENESIS = "0" * 64
"""What stands before the first record."""

CHAINED = (
    "chain_number", "id", "school", "cafeteria", "source_key", "fingerprint", "scheme", "scheme_version",
    "visited_on", "submitted_at", "submitted_by", "inspector", "inspectors", "note", "score", "grade", "icon",
    "reason", "result", "previous", "comparison", "visit", "revision", "corrects", "latitude", "longitude",
    "accuracy_m", "started_at", "finished_at", "attachments", "follow_ups",
)  # fmt: skip
"""The fields of a record that its hash covers; an empty one is left out, so that a later field hurts none."""

_LARGEST = 2**53
_MAYBE_WHOLE_FLOAT = re.compile(rb"[:,\[]-?\d+(?:\.0[,}\]]|(?:\.\d+)?[eE])")
"""A number that ends with .0 or has an exponent; text may look like one too."""


class Link(msgspec.Struct, frozen=True):
    """One record in its place of the chain; `record` holds the fields of CHAINED."""

    number: int
    inspection: int
    hash: str
    record: Mapping[str, Any]


class Head(msgspec.Struct, frozen=True):
    """The end of a chain: how many records it holds, and the hash that vouches for all of them.

    `inspection` and `at` are those of the last record; None while there is none.
    """

    number: int
    hash: str
    inspection: int | None = None
    at: datetime | None = None


def chain_hash(previous: str, record: Mapping[str, Any]) -> str:
    """SHA-256 over the hash before, a line feed, and the record as canonical JSON."""
    return hashlib.sha256(previous.encode() + b"\n" + canonical(record)).hexdigest()


def canonical(record: Mapping[str, Any]) -> bytes:
    """The record as JSON: known fields that are not null, keys sorted, no spaces, times in UTC."""
    known = {name: record[name] for name in CHAINED if record.get(name) is not None}
    written = msgspec.json.encode(known, order="sorted")
    # Hardly a record holds a whole number as a float; going through every value costs far more than to look.
    if _MAYBE_WHOLE_FLOAT.search(written) is None:
        return written
    return msgspec.json.encode({name: _plain(value) for name, value in known.items()}, order="sorted")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    # A database may give 35.0 back as 35, and -0.0 as 0.
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST:
        return int(value)
    return value


def first_fault(links: Iterable[Link], head: Head, exported: Head | None = None) -> str | None:
    """The first place where the chain does not hold, in words; None where it does.

    `links` come by number. `head` says where the chain must end; `exported` is a head kept outside, which
    shows what a chain that was rewritten as a whole hides.
    """
    expected, before, previous = 1, None, GENESIS
    for link in links:
        if link.number != expected:
            return _gap(expected, link.number - 1, before)
        if chain_hash(previous, link.record) != link.hash:
            return f"inspection {link.inspection} (number {link.number}) is not as it was recorded"
        if exported is not None and exported.number == link.number and exported.hash != link.hash:
            return (
                f"number {link.number} (inspection {link.inspection}) has not the hash of the exported head: "
                "it, or a record before it, was changed"
            )
        expected, before, previous = link.number + 1, link.inspection, link.hash
    last = max(head.number, exported.number if exported is not None else 0)
    return _gap(expected, last, before) if last >= expected else None


def _gap(first: int, last: int, before: int | None) -> str:
    numbers = f"number {first} is" if first == last else f"numbers {first} to {last} are"
    where = f"behind inspection {before}" if before is not None else "at the beginning"
    return f"{numbers} missing {where}: what stood there was removed"


def read_head(text: str | bytes, name: str) -> Head:
    """A head as it was exported; Refused with the file's name where it is none."""
    try:
        head = msgspec.json.decode(text, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(f"is not an exported head (number and hash): {error}", place=name) from None
    if head.number < 0 or len(head.hash) != len(GENESIS):
        raise Refused("is not an exported head (number and hash)", place=name)
    return head
