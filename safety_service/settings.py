"""All settings, read once from `CAMPUS_…` variables and `.env`; nothing else reads the environment."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEFAULT_SECRET = "change-me"  # noqa: S105 - serve refuses to start with it
DISCLOSED = ("grade", "findings", "rectified", "history")


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
    credit_index_file: Path | None = None
    """What makes up the credit index and how much each thing costs, in place of the shipped weights."""
    red_black_list_file: Path | None = None
    """The bureau's own criteria of the red and the black list, instead of the shipped ones."""
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
    noise_burst: Annotated[int, Field(ge=1)] = 600
    """So many events of one kind from one device at once; beyond the ration no rule is asked about them."""
    noise_per_minute: Annotated[int, Field(ge=1)] = 300
    restart_tolerance_seconds: Annotated[int, Field(ge=0)] = 1800
    access_token_seconds: Annotated[int, Field(ge=60)] = 900
    refresh_token_seconds: Annotated[int, Field(ge=600)] = 14 * 86400
    idempotency_hours: Annotated[int, Field(ge=1)] = 72
    keep_messages_days: Annotated[int, Field(ge=1)] = 7
    """Raw messages; those not yet processed, or rejected and not replayed, are kept longer."""
    keep_events_days: Annotated[int, Field(ge=1)] = 180
    """Events and what could not be read; alerts, history, inspections and hourly counts are kept for good."""
    shared_answer_seconds: Annotated[float, Field(ge=0, le=60)] = 2.0
    """So long several screens get the same overview, unless an alert changes or somebody writes; 0: never."""
    device_online_seconds: Annotated[int, Field(ge=30)] = 900
    webhook_private_targets: bool = False
    """Whether a channel of any kind may point at a private network or this machine."""
    max_snapshot_bytes: Annotated[int, Field(ge=1024)] = 2 << 20
    """One image of an event; of those that come within a message half a megabyte is read at most."""
    keep_snapshots_days: Annotated[int, Field(ge=1)] = 30
    """Images of events show children: they are kept no longer than somebody needs them."""
    snapshot_link_hours: Annotated[int, Field(ge=0, le=24 * 30)] = 24
    """How long the link in a notification opens its image without a login; 0: there are no such links."""
    fetch_snapshots: bool = True
    """Whether an image that an event only links to is fetched from there."""
    snapshot_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """`10.1.0.0/16,10.2.0.0/16`: private networks from which images may be fetched, those of the cameras."""
    s3_bucket: str | None = None
    """Images of events go into this bucket of a store that speaks S3, instead of the data directory."""
    s3_prefix: str = "snapshots"
    s3_endpoint: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None
    public_url: str | None = None
    """`https://HOST[:PORT]` under which people reach the pages; messages then hold a link to the desk."""

    public_disclosure: str = "off"
    """What anybody may read of a cafeteria without an account: off, all, or some of grade, findings,
    rectified, history. Off until the operator says so: what was published once cannot be taken back."""

    @field_validator("public_disclosure")
    @classmethod
    def _known_parts(cls, value: str) -> str:
        _parts(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}") from error
        return value

    @field_validator("snapshot_networks", mode="before")
    @classmethod
    def _separated(cls, value: Any) -> Any:
        return [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else value

    @property
    def disclosed(self) -> frozenset[str]:
        """Which of DISCLOSED anybody may read."""
        return _parts(self.public_disclosure)

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

    @property
    def snapshots_dir(self) -> Path:
        """Images of events; where they go into a bucket, those that are not there yet."""
        return self.data_dir / "snapshots"


def _parts(text: str) -> frozenset[str]:
    words = [word for word in (part.strip().lower() for part in text.split(",")) if word]
    if words in ([], ["off"]):
        return frozenset()
    if words == ["all"]:
        return frozenset(DISCLOSED)
    unknown = ", ".join(word for word in words if word not in DISCLOSED)
    if unknown:
        raise ValueError(f"{unknown} is not one of off, all, {', '.join(DISCLOSED)}")
    return frozenset(words)
