"""The tables of devices that push over HTTP, and of the codes nobody has mapped yet."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from safety_service.store.columns import BigInt
from safety_service.store.scope import SchoolOwned
from safety_service.store.tables import instant


class KeyDigest(SQLModel, table=True):
    """What HTTP digest needs to know of a device's key: MD5 of `NAME:REALM:KEY`, never the key."""

    __tablename__ = "api_key_digest"

    key_id: int = Field(primary_key=True, foreign_key="api_key.id", ondelete="CASCADE", sa_type=BigInt)
    ha1: str


class ViidRegistration(SchoolOwned, table=True):
    """Who may speak as a GA/T 1400 device: what it sends after registering carries its id and no credential.

    `address`: from where it registered; from elsewhere its id is not believed.
    """

    __tablename__ = "viid_registration"

    viid_id: str = Field(primary_key=True)
    key_id: int = Field(foreign_key="api_key.id", ondelete="CASCADE", sa_type=BigInt, nullable=False)
    school: str = Field(foreign_key="school.code", index=True)
    address: str | None = None
    registered_at: datetime = instant()
    heard_at: datetime = instant()


class UnmappedCode(SchoolOwned, table=True):
    """A vendor's code that no profile knew, how often it came, and one device that sent it."""

    __tablename__ = "unmapped_code"

    school: str = Field(primary_key=True, foreign_key="school.code")
    vendor: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    format: str
    count: int = Field(sa_type=BigInt, nullable=False)
    first_seen_at: datetime = instant()
    last_seen_at: datetime = instant()
    device: str
