"""Keys of devices by digest, and the GA/T 1400 devices that have registered with one."""

from datetime import datetime

from sqlmodel import Session, col, select, update

from safety_service.store.dialect import insert
from safety_service.store.tables_people import ApiKey
from safety_service.store.tables_push import KeyDigest, ViidRegistration


def key_with_digest(session: Session, name: str) -> tuple[ApiKey, str] | None:
    """The key of this name and its HA1, revoked and expired ones too; None where it has no digest."""
    statement = select(ApiKey, KeyDigest.ha1).join(KeyDigest, col(KeyDigest.key_id) == col(ApiKey.id))
    return session.exec(statement.where(ApiKey.name == name)).one_or_none()


def registration(session: Session, viid_id: str) -> tuple[ViidRegistration, ApiKey] | None:
    """A registered device with the key that it registered with."""
    statement = select(ViidRegistration, ApiKey).join(ApiKey, col(ApiKey.id) == col(ViidRegistration.key_id))
    return session.exec(statement.where(ViidRegistration.viid_id == viid_id)).one_or_none()


def save_registration(session: Session, row: ViidRegistration) -> None:
    """Writes the registration of a device in place of any before it."""
    values = row.model_dump()
    statement = insert(session, ViidRegistration).values(values)
    changed = {name: value for name, value in values.items() if name != "viid_id"}
    session.connection().execute(statement.on_conflict_do_update(index_elements=["viid_id"], set_=changed))


def heard(session: Session, viid_id: str, now: datetime) -> None:
    session.execute(
        update(ViidRegistration).where(col(ViidRegistration.viid_id) == viid_id).values(heard_at=now)
    )


def forget(session: Session, row: ViidRegistration) -> None:
    session.delete(row)
