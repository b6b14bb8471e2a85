"""All settings, read once from `CAMPUS_…` variables and `.env`; nothing else reads the environment."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_SECRET = "change-me"  # noqa: S105 - serve refuses to start with it


class Settings(BaseSettings):
    """What an operator may set. Durations in seconds, sizes in bytes unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="CAMPUS_", env_file=".env", extra="ignore")

    database_url: str | None = None
    """`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`; default: a SQLite file in data_dir."""
    broker_url: str = "mqtt://127.0.0.1:1883"
    secret_key: SecretStr = SecretStr(DEFAULT_SECRET)
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65535)] = 8000
    data_dir: Path = Path("campus-data")
    timezone: str = "Asia/Shanghai"
    county_code: str = "370828"
    county_name_zh: str = "金乡县"
    county_name_en: str = "Jinxiang County"
    county_unit: str | None = None
    """A code of the register, such as that of the education office itself, under which alerts of the county's
    own are kept. Without one there are none of them."""
    rules_file: Path | None = None
    """A rule file to start from instead of the built-in set; later changes come over the API."""
    schemes_dir: Path | None = None
    """A directory with scoring schemes of the bureau's own, beside those that ship; else data_dir/schemes."""
    deadlines_file: Path | None = None
    """The bureau's own periods for rectifications and appeals, instead of the shipped ones."""
    credit_repair_file: Path | None = None
    """The bureau's own classes and periods of credit repair, instead of the shipped ones."""
    planning_file: Path | None = None
    """How long after a visit the next one is due, in place of the intervals that ship."""
    bureau_latitude: Annotated[float | None, Field(ge=-90, le=90)] = None
    bureau_longitude: Annotated[float | None, Field(ge=-180, le=180)] = None
    """Where an inspector's day begins."""
    vendors_dir: Path | None = None
    """A directory with vendor profiles of the bureau's own; default: `vendors` in data_dir, if it exists."""
    log_level: str = "INFO"

    broker_ca_file: Path | None = None
    batch_messages: Annotated[int, Field(ge=1)] = 20_000
    batch_linger_seconds: Annotated[float, Field(ge=0, le=1)] = 0.005
    receive_buffer_messages: Annotated[int, Field(ge=100)] = 40_000
    receive_buffer_bytes: Annotated[int, Field(ge=1 << 20)] = 64 << 20
    max_payload_bytes: Annotated[int, Field(ge=1024)] = 1 << 20
    max_request_bytes: Annotated[int, Field(ge=1024)] = 2 << 20
    max_attachment_bytes: Annotated[int, Field(ge=1024)] = 10 << 20
    """One photo or signature of an inspection."""
    max_push_bytes: Annotated[int, Field(ge=1024)] = 4 << 20
    """What a device may push over HTTP at once: boxes send several images in one body."""
    advance_batch: Annotated[int, Field(ge=1)] = 10_000
    lease_seconds: Annotated[float, Field(ge=2)] = 8.0
    """A standby takes a partition over when its holder has not been heard of for so long."""
    restart_tolerance_seconds: Annotated[int, Field(ge=0)] = 1800
    access_token_seconds: Annotated[int, Field(ge=60)] = 900
    refresh_token_seconds: Annotated[int, Field(ge=600)] = 14 * 86400
    idempotency_hours: Annotated[int, Field(ge=1)] = 72
    keep_messages_days: Annotated[int, Field(ge=1)] = 7
    """Raw messages; those not yet processed, or rejected and not replayed, are kept longer."""
    keep_events_days: Annotated[int, Field(ge=1)] = 180
    """Events and what could not be read; alerts, history, inspections and hourly counts are kept for good."""
    device_online_seconds: Annotated[int, Field(ge=30)] = 900
    webhook_private_targets: bool = False
    """Whether a channel of any kind may point at a private network or this machine."""
    public_url: str | None = None
    """`https://HOST[:PORT]` under which people reach the pages; messages then hold a link to the desk."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}") from error
        return value

    @property
    def own_schemes(self) -> Path | None:
        """The directory with the bureau's own schemes; None where there is none."""
        if self.schemes_dir is not None:
            return self.schemes_dir
        usual = self.data_dir / "schemes"
        return usual if usual.is_dir() else None

    @property
    def resolved_vendors_dir(self) -> Path | None:
        own = self.data_dir / "vendors"
        return self.vendors_dir or (own if own.is_dir() else None)

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'campus.db'}"

    @property
    def files_dir(self) -> Path:
        """Where photos and signatures are kept, whatever database stands beside them."""
        return self.data_dir / "files"
