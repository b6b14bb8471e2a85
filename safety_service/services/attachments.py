"""Photos and signatures: verified, kept as files, and only then known to the database."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import BinaryIO

import msgspec
from sqlmodel import Session

from safety_service.blobs import Blobs
from safety_service.domain.errors import Refused
from safety_service.services.images import look_at
from safety_service.store import attachments, audit
from safety_service.store.tables_cafeteria import Cafeteria, Inspection
from safety_service.store.tables_inspection import Attachment

_PIECE = 1 << 20


class Kept(msgspec.Struct, frozen=True):
    """A verified image whose bytes are in the blobs."""

    sha256: str
    media_type: str
    size: int
    width: int
    height: int


def keep(blobs: Blobs, content: BinaryIO, *, sha256: str, media_type: str | None) -> Kept:
    """Verifies what was sent and keeps the file, durably; Refused where it is not what it is said to be.

    Before the transaction that makes it known: decoding and writing take longer than a database may be
    locked, and a file without a row is harmless, a row without a file is not.
    """
    size, found = _measure(content)
    if not size:
        raise Refused("is empty", place="body")
    if found != sha256:
        raise Refused(f"the content has the SHA-256 {found}, not the one in the address", place="path.sha256")
    look = look_at(content)
    if media_type != look.media_type:
        raise Refused(
            f"the content is {look.media_type}, not {media_type or 'of an unknown type'}",
            place="header.content-type",
        )
    blobs.put(sha256, content)
    return Kept(sha256, look.media_type, size, look.width, look.height)


def _measure(content: BinaryIO) -> tuple[int, str]:
    content.seek(0)
    digest, size = hashlib.sha256(), 0
    while piece := content.read(_PIECE):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


def store(
    session: Session, place: Cafeteria, kept: Kept, *, by: str, now: datetime
) -> tuple[Attachment, bool]:
    """The attachment of the cafeteria, and whether it is new; the first time it came stays its time."""
    row = Attachment(
        cafeteria=place.id, school=place.school, stored_at=now, stored_by=by, **msgspec.structs.asdict(kept)
    )
    created = attachments.add(session, row)
    if created:
        detail = {"cafeteria": place.id, "size": kept.size, "media_type": kept.media_type}
        audit.record(
            session,
            "attachment.store",
            "attachment",
            kept.sha256,
            now=now,
            school=place.school,
            detail=detail,
        )
    return attachments.get(session, place.id, kept.sha256), created


def of_inspections(session: Session, cafeteria: str, rows: Iterable[Inspection]) -> dict[str, Attachment]:
    """The files of these inspections that have come, by hash."""
    return attachments.of(session, cafeteria, (file["sha256"] for row in rows for file in row.attachments))
