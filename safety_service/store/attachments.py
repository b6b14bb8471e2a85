"""Attachments: the rows that say which files a cafeteria has, and with them who may read one."""

from collections.abc import Iterable, Iterator

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from safety_service.domain.errors import NotFound
from safety_service.store.dialect import insert
from safety_service.store.tables_inspection import Attachment

_AT_ONCE = 1000


def add(session: Session, attachment: Attachment) -> bool:
    """Whether it is new: the same file again changes nothing."""
    statement = (
        insert(session, Attachment)
        .values(attachment.model_dump())
        .on_conflict_do_nothing(index_elements=["cafeteria", "sha256"])
        .returning(Attachment.sha256)
    )
    return session.connection().execute(statement).first() is not None


def get(session: Session, cafeteria: str, sha256: str) -> Attachment:
    """The attachment of this cafeteria, or NotFound."""
    found = of(session, cafeteria, [sha256]).get(sha256)
    if found is None:
        raise NotFound(f"cafeteria {cafeteria} has no attachment {sha256}")
    return found


def of(session: Session, cafeteria: str, hashes: Iterable[str]) -> dict[str, Attachment]:
    """Those of the files that have come, by hash."""
    wanted = sorted(set(hashes))
    if not wanted:
        return {}
    statement = select(Attachment).where(
        Attachment.cafeteria == cafeteria, col(Attachment.sha256).in_(wanted)
    )
    return {found.sha256: found for found in session.exec(statement)}


def files(session: Session) -> Iterator[tuple[str, int]]:
    """(hash, size) of every file there must be, each once; a few at a time are in memory."""
    statement = (
        select_columns(col(Attachment.sha256), col(Attachment.size))
        .distinct()
        .order_by(col(Attachment.sha256))
        .execution_options(yield_per=_AT_ONCE)
    )
    for row in session.execute(statement):
        yield row.sha256, row.size
