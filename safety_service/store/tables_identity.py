"""What else a device is called, what its sensors said last, and what it calls them."""

from typing import Any

from sqlmodel import Field

from safety_service.store.columns import BigInt, Json
from safety_service.store.scope import SchoolOwned


class DeviceIdentity(SchoolOwned, table=True):
    """Another name under which a device speaks; at one school no two devices share one."""

    __tablename__ = "device_identity"

    school: str = Field(primary_key=True, foreign_key="school.code")
    identity: str = Field(primary_key=True)
    device: str


class SensorState(SchoolOwned, table=True):
    """Whether a lasting thing that a sensor tells of (`code` of a kind) is so, as decoding knows it
    (`domain.decoding.recall`): since the message at `position`; `kept`: told only as a stored state."""

    __tablename__ = "sensor_state"

    school: str = Field(primary_key=True, foreign_key="school.code")
    device: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    is_on: bool
    kept: bool
    position: int = Field(sa_type=BigInt)


class MetricNames(SchoolOwned, table=True):
    """What the numbers of a Sparkplug node's or device's metrics stand for: number -> [name, data type], as
    the birth at `position` said."""

    __tablename__ = "metric_names"

    school: str = Field(primary_key=True, foreign_key="school.code")
    device: str = Field(primary_key=True)
    names: dict[str, Any] = Field(sa_type=Json)
    position: int = Field(sa_type=BigInt)
